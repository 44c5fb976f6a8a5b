import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { CreateTopicDocument, UpdateTopicDocument } from '../gql/graphql.js';
import { Dialog, SaveActions } from '../ui/dialog.js';
import { TextArea, TextField } from '../ui/field.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import css from './course.module.css';
import { appendInCache } from './list-cache.js';

interface TopicFormProps {
  readonly courseId: string;
  /** The topic to change. Absent for a new one. */
  readonly topic?: { readonly id: string; readonly title: string; readonly description: string | null };
  readonly onClose: () => void;
}

export function TopicForm({ courseId, topic, onClose }: TopicFormProps) {
  const [title, setTitle] = useState(topic?.title ?? '');
  const [description, setDescription] = useState(topic?.description ?? '');
  const [isMissing, setMissing] = useState(false);
  const [create, creating] = useMutation(CreateTopicDocument, {
    update: (cache, { data }) => {
      const id = data?.createTopic.id;
      if (id !== undefined) appendInCache(cache, { type: 'Course', id: courseId, field: 'topics' }, id);
    },
  });
  const [update, updating] = useMutation(UpdateTopicDocument);
  const isBusy = creating.loading || updating.loading;

  const submit = (): void => {
    setMissing(title.trim() === '');
    if (title.trim() === '') return;
    const input = { title, description: description.trim() || null };
    const saved = topic ? update({ variables: { id: topic.id, input } }) : create({ variables: { courseId, input } });
    // A failure is shown from the result of the mutation.
    saved.then(onClose, () => undefined);
  };

  return (
    <Dialog small title={topic ? words.course.renameTopic : words.course.addTopic} onClose={onClose}>
      <Form className={css.form} onSubmit={submit}>
        <TextField
          label={words.course.topicTitle}
          value={title}
          onChange={({ target }) => setTitle(target.value)}
          error={isMissing && title.trim() === '' ? words.courseForm.titleNeeded : undefined}
          maxLength={200}
          required
        />
        <TextArea
          label={words.course.topicDescription}
          optional
          rows={2}
          maxLength={10_000}
          value={description}
          onChange={({ target }) => setDescription(target.value)}
        />
        <Problem error={creating.error ?? updating.error} onRetry={submit} />
        <SaveActions onCancel={onClose} isSaving={isBusy} label={topic ? words.save : words.course.addTopic} />
      </Form>
    </Dialog>
  );
}
