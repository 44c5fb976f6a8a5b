import { Link } from 'wouter';
import { clock } from '../format.js';
import type { CourseOutlineQuery } from '../gql/graphql.js';
import { ButtonLink } from '../ui/button.js';
import { BackIcon, CheckIcon, LockIcon, NextIcon, PlayIcon } from '../ui/icons.js';
import { words } from '../words.js';
import { useLessonMarks } from './lesson-marks.js';
import css from './video.module.css';

type Outline = NonNullable<CourseOutlineQuery['course']>;

interface OutlineProps {
  readonly course: Outline;
  /** The lesson that is shown. */
  readonly id: string;
}

/** All lessons of the course, by topic. */
export function LessonList({ course: { topics }, id }: OutlineProps) {
  const marks = useLessonMarks();
  return (
    <nav className={css.lessons} aria-label={words.video.lessons}>
      <h2>{words.video.lessons}</h2>
      {topics.nodes.map((topic) => (
        <section key={topic.id} aria-label={topic.title}>
          <h3>{topic.title}</h3>
          <ol>
            {topic.videos.nodes.map((video) => (
              <li key={video.id}>
                <Link href={`/videos/${video.id}`} aria-current={video.id === id ? 'page' : undefined}>
                  <span className={css.lessonIcon} aria-hidden="true">
                    {marks.isDone(video.id) ? <CheckIcon /> : video.isLocked ? <LockIcon /> : <PlayIcon />}
                  </span>
                  <span className={css.lessonTitle}>
                    {video.title}
                    {video.isLocked && <span className="visually-hidden"> ({words.course.locked})</span>}
                    {marks.isDone(video.id) && <span className="visually-hidden"> ({words.course.watched})</span>}
                  </span>
                  {video.durationSeconds !== null && <span className={css.length}>{clock(video.durationSeconds)}</span>}
                </Link>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </nav>
  );
}

/** The lessons before and after this one, across topics. */
export function NextLessons({ course: { topics }, id }: OutlineProps) {
  const lessons = topics.nodes.flatMap(({ videos }) => videos.nodes);
  const place = lessons.findIndex((lesson) => lesson.id === id);
  const [previous, next] = [lessons[place - 1], lessons[place + 1]];
  if (!previous && !next) return null;
  return (
    <div className={css.steps}>
      {previous && (
        <ButtonLink href={`/videos/${previous.id}`} title={previous.title}>
          <BackIcon />
          {words.video.previous}
        </ButtonLink>
      )}
      {next && (
        <ButtonLink look="primary" href={`/videos/${next.id}`} title={next.title} className={css.next}>
          {words.video.next}
          <NextIcon />
        </ButtonLink>
      )}
    </div>
  );
}
