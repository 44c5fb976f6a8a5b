import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { UpdateVideoDocument } from '../gql/graphql.js';
import { Dialog, SaveActions } from '../ui/dialog.js';
import { TextField } from '../ui/field.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import css from './course.module.css';

interface RenameVideoProps {
  readonly id: string;
  readonly title: string;
  readonly onClose: () => void;
}

export function RenameVideo({ id, title: present, onClose }: RenameVideoProps) {
  const [title, setTitle] = useState(present);
  const [update, { loading, error }] = useMutation(UpdateVideoDocument);
  const isMissing = title.trim() === '';
  const submit = (): void => {
    if (isMissing) return;
    update({ variables: { id, input: { title } } }).then(onClose, () => undefined);
  };
  return (
    <Dialog small title={words.course.rename} onClose={onClose}>
      <Form className={css.form} onSubmit={submit}>
        <TextField
          label={words.video.title}
          value={title}
          onChange={({ target }) => setTitle(target.value)}
          error={isMissing ? words.courseForm.titleNeeded : undefined}
          maxLength={200}
          required
        />
        <Problem error={error} onRetry={submit} />
        <SaveActions onCancel={onClose} isSaving={loading} label={words.save} />
      </Form>
    </Dialog>
  );
}
