import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { fieldsOf, sentenceOf } from '../api/errors.js';
import {
  CreateCourseDocument,
  UpdateCourseDocument,
  type CourseCardFragment,
  type CourseLevel,
} from '../gql/graphql.js';
import { uploads } from '../uploads/upload-list.js';
import { Dialog, SaveActions } from '../ui/dialog.js';
import { Select, TextArea, TextField } from '../ui/field.js';
import { FileDrop } from '../uploads/file-drop.js';
import { Form } from '../ui/form.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import css from './courses.module.css';

interface CourseFormProps {
  /** The course to change. Absent for a new one. */
  readonly course?: CourseCardFragment;
  readonly onClose: () => void;
}

/** Creates or changes a course. Its files are sent by the tray of uploads, after the dialog is closed. */
export default function CourseForm({ course, onClose }: CourseFormProps) {
  const [, navigate] = useLocation();
  const [create, creating] = useMutation(CreateCourseDocument, { refetchQueries: ['Courses'] });
  const [update, updating] = useMutation(UpdateCourseDocument);
  const [values, setValues] = useState({
    title: course?.title ?? '',
    description: course?.description ?? '',
    category: course?.category ?? '',
    level: course?.level ?? '',
  });
  const [thumbnail, setThumbnail] = useState<File | null>(null);
  const [introVideo, setIntroVideo] = useState<File | null>(null);
  const [titleMissing, setTitleMissing] = useState(false);
  const error = creating.error ?? updating.error;
  const isBusy = creating.loading || updating.loading;
  const errorOf = (name: string): string | undefined =>
    fieldsOf(error).includes(name) ? sentenceOf(error) : undefined;
  const isOfAField = ['title', 'description', 'category', 'level'].some((name) => errorOf(name) !== undefined);
  const bind = (name: 'title' | 'description' | 'category') => ({
    value: values[name],
    error: errorOf(name),
    onChange: ({ target }: { target: { value: string } }) => setValues({ ...values, [name]: target.value }),
  });

  const submit = async (): Promise<void> => {
    setTitleMissing(values.title.trim() === '');
    if (values.title.trim() === '') return;
    const input = {
      title: values.title,
      description: values.description.trim() || null,
      category: values.category.trim() || null,
      level: (values.level || null) as CourseLevel | null,
    };
    try {
      const id = course
        ? (await update({ variables: { id: course.id, input } })).data?.updateCourse.id
        : (await create({ variables: { input } })).data?.createCourse.id;
      if (id === undefined) return;
      if (thumbnail) uploads.start(thumbnail, { slot: 'COURSE_THUMBNAIL', ownerId: id });
      if (introVideo) uploads.start(introVideo, { slot: 'COURSE_INTRO_VIDEO', ownerId: id });
      onClose();
      if (!course) navigate(`/courses/${id}`);
    } catch {
      // Shown from the result of the mutation. What was typed stays.
    }
  };

  return (
    <Dialog title={course ? words.courseForm.editTitle : words.courseForm.createTitle} onClose={onClose}>
      <Form className={css.form} onSubmit={() => void submit()}>
        <TextField
          label={words.courseForm.title}
          maxLength={200}
          required
          {...bind('title')}
          error={titleMissing && values.title.trim() === '' ? words.courseForm.titleNeeded : errorOf('title')}
        />
        <TextArea label={words.courseForm.description} optional maxLength={10_000} rows={3} {...bind('description')} />
        <div className={css.pair}>
          <TextField label={words.courseForm.category} optional maxLength={100} {...bind('category')} />
          <Select
            label={words.courseForm.level}
            value={values.level}
            onChange={({ target }) => setValues({ ...values, level: target.value })}
          >
            <option value="">{words.courseForm.noLevel}</option>
            {Object.entries(words.levels).map(([level, label]) => (
              <option key={level} value={level}>
                {label}
              </option>
            ))}
          </Select>
        </div>
        <div className={css.pair}>
          <FileDrop
            label={words.courseForm.thumbnail}
            slot="COURSE_THUMBNAIL"
            file={thumbnail}
            onFile={setThumbnail}
            present={course?.thumbnailUrl}
            pasteAnywhere
          />
          <FileDrop
            label={words.courseForm.introVideo}
            slot="COURSE_INTRO_VIDEO"
            file={introVideo}
            onFile={setIntroVideo}
            presentName={course?.introVideo?.filename}
          />
        </div>
        {!isOfAField && <Problem error={error} onRetry={() => void submit()} />}
        <SaveActions onCancel={onClose} isSaving={isBusy} label={course ? words.save : words.courseForm.create} />
      </Form>
    </Dialog>
  );
}
