import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { UpdateVideoDocument, type LessonMediaFragment } from '../gql/graphql.js';
import { announce } from '../ui/announce.js';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { TextArea, TextField } from '../ui/field.js';
import { FileDrop } from '../uploads/file-drop.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import { CaptionEditor } from './caption-editor.js';
import { PosterEditor } from './poster-editor.js';
import { ResourceEditor } from './resource-editor.js';
import css from './video.module.css';

interface Details {
  readonly id: string;
  readonly title: string;
  readonly description: string | null;
  readonly isPreview: boolean;
}

interface LessonEditorProps {
  readonly video: Details;
  readonly lesson: LessonMediaFragment;
}

/** For those who may change the lesson: its words and its files. */
export default function LessonEditor({ video, lesson }: LessonEditorProps) {
  const { id, file, captions, resources } = lesson;
  return (
    <section className={css.editor} aria-label={words.video.settings}>
      <h2>{words.video.settings}</h2>
      <DetailsForm video={video} />
      {file && (
        <div className={css.panel}>
          <FileDrop
            label={words.video.replace}
            slot="VIDEO_FILE"
            file={null}
            presentName={file.filename}
            onFile={(chosen) => uploads.start(chosen, { slot: 'VIDEO_FILE', ownerId: id })}
          />
          <p className={controls.hint}>{words.video.replaceHint}</p>
        </div>
      )}
      <PosterEditor lesson={lesson} />
      <CaptionEditor id={id} captions={captions ?? []} />
      <ResourceEditor id={id} resources={resources ?? []} />
    </section>
  );
}

function DetailsForm({ video }: { readonly video: Details }) {
  const [values, setValues] = useState({
    title: video.title,
    description: video.description ?? '',
    isPreview: video.isPreview,
  });
  const [update, { loading, error }] = useMutation(UpdateVideoDocument);
  const isMissing = values.title.trim() === '';
  const submit = (): void => {
    if (isMissing) return;
    const input = { ...values, description: values.description.trim() || null };
    update({ variables: { id: video.id, input }, onCompleted: () => announce(words.video.saved) }).catch(
      () => undefined,
    );
  };
  return (
    <Form className={css.panel} aria-label={words.video.details} onSubmit={submit}>
      <TextField
        label={words.video.title}
        value={values.title}
        maxLength={200}
        required
        error={isMissing ? words.courseForm.titleNeeded : undefined}
        onChange={({ target }) => setValues({ ...values, title: target.value })}
      />
      <TextArea
        label={words.video.description}
        optional
        rows={3}
        maxLength={10_000}
        value={values.description}
        onChange={({ target }) => setValues({ ...values, description: target.value })}
      />
      <label className={controls.check}>
        <input
          type="checkbox"
          checked={values.isPreview}
          onChange={({ target }) => setValues({ ...values, isPreview: target.checked })}
        />
        {words.video.isPreview}
      </label>
      <Problem error={error} onRetry={submit} />
      <div className={css.panelActions}>
        <Button type="submit" disabled={loading}>
          {loading ? words.saving : words.save}
        </Button>
      </div>
    </Form>
  );
}
