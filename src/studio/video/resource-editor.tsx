import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { bytes } from '../format.js';
import { DeleteResourceDocument, type LessonMediaFragment } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { TextField } from '../ui/field.js';
import { FileDrop } from '../uploads/file-drop.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import { RemovableFile } from './removable-file.js';
import css from './video.module.css';

interface ResourceEditorProps {
  /** Of the video. */
  readonly id: string;
  readonly resources: NonNullable<LessonMediaFragment['resources']>;
}

export function ResourceEditor({ id, resources }: ResourceEditorProps) {
  const [remove, { error }] = useMutation(DeleteResourceDocument);
  return (
    <section className={css.panel} aria-label={words.video.resources}>
      <h3>{words.video.resources}</h3>
      {resources.length === 0 && <p className={controls.hint}>{words.video.noResources}</p>}
      <ul className={css.files}>
        {resources.map(({ id: resourceId, title, file }) => (
          <RemovableFile
            key={resourceId}
            name={title}
            detail={bytes(file.size)}
            onRemove={() => remove({ variables: { videoId: id, resourceId } })}
          />
        ))}
      </ul>
      <Problem error={error} />
      <AddResource id={id} />
    </section>
  );
}

function AddResource({ id }: { readonly id: string }) {
  const [file, setFile] = useState<File | null>(null);
  const [title, setTitle] = useState('');
  const submit = (): void => {
    if (!file) return;
    const name = title.trim();
    uploads.start(file, { slot: 'VIDEO_RESOURCE', ownerId: id, ...(name !== '' && { resource: { title: name } }) });
    setFile(null);
    setTitle('');
  };
  return (
    <Form className={css.add} aria-label={words.video.addResource} onSubmit={submit}>
      <FileDrop label={words.video.resourceFile} slot="VIDEO_RESOURCE" file={file} onFile={setFile} />
      <TextField
        label={words.video.resourceTitle}
        optional
        maxLength={200}
        value={title}
        onChange={({ target }) => setTitle(target.value)}
      />
      <div className={css.panelActions}>
        <Button type="submit" disabled={!file}>
          {words.video.addResource}
        </Button>
      </div>
    </Form>
  );
}
