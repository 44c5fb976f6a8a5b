import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { DeleteCaptionDocument, type CaptionKind, type LessonMediaFragment } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { Select, TextField } from '../ui/field.js';
import { FileDrop } from '../uploads/file-drop.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import { RemovableFile } from './removable-file.js';
import css from './video.module.css';

interface CaptionEditorProps {
  /** Of the video. */
  readonly id: string;
  readonly captions: NonNullable<LessonMediaFragment['captions']>;
}

export function CaptionEditor({ id, captions }: CaptionEditorProps) {
  const [remove, { error }] = useMutation(DeleteCaptionDocument);
  return (
    <section className={css.panel} aria-label={words.video.captions}>
      <h3>{words.video.captions}</h3>
      {captions.length === 0 && <p className={controls.hint}>{words.video.noCaptions}</p>}
      <ul className={css.files}>
        {captions.map(({ id: captionId, label, language, kind }) => (
          <RemovableFile
            key={captionId}
            name={label}
            detail={`${language} · ${words.video.kinds[kind]}`}
            onRemove={() => remove({ variables: { videoId: id, captionId } })}
          />
        ))}
      </ul>
      <Problem error={error} />
      <AddCaption id={id} />
    </section>
  );
}

function AddCaption({ id }: { readonly id: string }) {
  const [file, setFile] = useState<File | null>(null);
  const [language, setLanguage] = useState(navigator.language);
  const [label, setLabel] = useState('');
  const [kind, setKind] = useState<CaptionKind>('SUBTITLES');
  const [isDefault, setDefault] = useState(false);
  const submit = (): void => {
    if (!file || language.trim() === '') return;
    const name = label.trim();
    const caption = { language: language.trim(), kind, isDefault, ...(name !== '' && { label: name }) };
    uploads.start(file, { slot: 'VIDEO_CAPTION', ownerId: id, caption });
    setFile(null);
    setLabel('');
  };
  return (
    <Form className={css.add} aria-label={words.video.addCaption} onSubmit={submit}>
      <FileDrop label={words.video.captionFile} slot="VIDEO_CAPTION" file={file} onFile={setFile} />
      <div className={css.fields}>
        <TextField
          label={words.video.captionLanguage}
          hint={words.video.captionLanguageHint}
          value={language}
          onChange={({ target }) => setLanguage(target.value)}
        />
        <TextField
          label={words.video.captionLabel}
          optional
          maxLength={100}
          value={label}
          onChange={({ target }) => setLabel(target.value)}
        />
        <Select
          label={words.video.captionKind}
          value={kind}
          onChange={({ target }) => setKind(target.value as CaptionKind)}
        >
          {Object.entries(words.video.kinds).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      </div>
      <label className={controls.check}>
        <input type="checkbox" checked={isDefault} onChange={({ target }) => setDefault(target.checked)} />
        {words.video.captionDefault}
      </label>
      <div className={css.panelActions}>
        <Button type="submit" disabled={!file}>
          {words.video.addCaption}
        </Button>
      </div>
    </Form>
  );
}
