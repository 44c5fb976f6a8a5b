import type { FragmentType } from '@apollo/client';
import { useFragment } from '@apollo/client/react';
import { lazy, Suspense, useState } from 'react';
import { CourseActions, useStatusChange } from '../courses/course-actions.js';
import { CourseBadges } from '../courses/course-badges.js';
import {
  CourseCardFragmentDoc,
  CourseIntroFragmentDoc,
  type CourseCardFragment,
  type CourseIntroFragment,
} from '../gql/graphql.js';
import { Button, ButtonLink } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { MoreIcon, PlayIcon } from '../ui/icons.js';
import { Problem } from '../ui/problem.js';
import { useLessonMarks } from '../video/lesson-marks.js';
import { words } from '../words.js';
import css from './course.module.css';

const CourseForm = lazy(() => import('../courses/course-form.js'));

interface Lesson {
  readonly id: string;
  readonly isLocked: boolean;
}

interface CourseHeaderProps {
  readonly course: FragmentType<CourseCardFragment> & FragmentType<CourseIntroFragment>;
  readonly lessons: readonly Lesson[];
  readonly topicCount: number;
  readonly isEditable: boolean;
  readonly onDeleted: () => void;
}

export function CourseHeader({ course, lessons, topicCount, isEditable, onDeleted }: CourseHeaderProps) {
  const card = useFragment({ fragment: CourseCardFragmentDoc, fragmentName: 'CourseCard', from: course });
  const intro = useFragment({ fragment: CourseIntroFragmentDoc, fragmentName: 'CourseIntro', from: course });
  if (!card.complete || !intro.complete) return null;
  const { data } = card;
  return (
    <div className={css.header}>
      <div className={css.about}>
        <CourseBadges course={data} forEditor={isEditable} />
        <h1>{data.title}</h1>
        <p className={css.by}>
          {words.course.by(data.instructorId)} · {words.course.topicCount(topicCount)} ·{' '}
          {words.course.videoCount(lessons.length)}
        </p>
        {data.description && <p className={css.description}>{data.description}</p>}
        {isEditable ? <EditorCommands course={data} onDeleted={onDeleted} /> : <LearnerCommands lessons={lessons} />}
      </div>
      <Intro intro={intro.data} />
    </div>
  );
}

function Intro({ intro: { title, introVideo, thumbnailUrl } }: { readonly intro: CourseIntroFragment }) {
  if (introVideo) {
    return (
      <video
        className={css.intro}
        controls
        preload="none"
        playsInline
        src={introVideo.url}
        poster={thumbnailUrl ?? undefined}
        aria-label={`${words.course.intro}: ${title}`}
      />
    );
  }
  return thumbnailUrl === null ? null : <img className={css.intro} src={thumbnailUrl} alt="" />;
}

interface EditorCommandsProps {
  readonly course: CourseCardFragment;
  readonly onDeleted: () => void;
}

function EditorCommands({ course, onDeleted }: EditorCommandsProps) {
  const { setStatus, error, retry } = useStatusChange(course);
  const [isEditing, setEditing] = useState(false);
  return (
    <>
      <div className={css.commands}>
        {course.status !== 'PUBLISHED' && (
          <Button look="primary" onClick={() => setStatus('PUBLISHED')}>
            {words.publication.publish}
          </Button>
        )}
        <Button onClick={() => setEditing(true)}>{words.edit}</Button>
        <CourseActions course={course} label={words.courses.actions(course.title)} look="plain" onDeleted={onDeleted}>
          <MoreIcon />
        </CourseActions>
      </div>
      <Problem error={error} onRetry={retry} />
      <Suspense>{isEditing && <CourseForm course={course} onClose={() => setEditing(false)} />}</Suspense>
    </>
  );
}

/** Leads to the first lesson that was not watched to its end. */
function LearnerCommands({ lessons }: { readonly lessons: readonly Lesson[] }) {
  const marks = useLessonMarks();
  const open = lessons.filter(({ isLocked }) => !isLocked);
  const done = lessons.filter(({ id }) => marks.isDone(id)).length;
  const next = open.find(({ id }) => !marks.isDone(id)) ?? open[0];
  return (
    <>
      {done > 0 && (
        <div className={css.watched}>
          <progress
            className={controls.progress}
            value={done}
            max={lessons.length}
            aria-label={words.course.progress(done, lessons.length)}
          />
          <span>{words.course.progress(done, lessons.length)}</span>
        </div>
      )}
      <div className={css.commands}>
        {next && (
          <ButtonLink look="primary" href={`/videos/${next.id}`}>
            <PlayIcon />
            {done > 0 ? words.course.continue : words.course.start}
          </ButtonLink>
        )}
        {lessons.some(({ isLocked }) => isLocked) && (
          <ButtonLink href={`/sign-in?next=${encodeURIComponent(currentPath())}`}>{words.course.locked}</ButtonLink>
        )}
      </div>
    </>
  );
}

/** The route of this page, as `navigate` takes it. */
function currentPath(): string {
  return location.pathname.replace(/^.*?(\/(?:courses|videos)\/)/, '$1');
}
