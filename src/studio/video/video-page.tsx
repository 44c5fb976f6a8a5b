import { skipToken, useFragment, useQuery } from '@apollo/client/react';
import { lazy, Suspense } from 'react';
import { Link } from 'wouter';
import { pageOptions } from '../api/page-options.js';
import { CourseOutlineDocument, LessonMediaFragmentDoc, VideoPageDocument } from '../gql/graphql.js';
import { mayEdit, useViewer } from '../session/use-viewer.js';
import { NotFound } from '../shell/not-found.js';
import { PageLoading } from '../shell/page-loading.js';
import { ButtonLink } from '../ui/button.js';
import { BackIcon, LockIcon } from '../ui/icons.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { NoFile } from './no-file.js';
import { LessonList, NextLessons } from './outline.js';
import { Player } from './player.js';
import { Resources } from './resources.js';
import css from './video.module.css';

const LessonEditor = lazy(() => import('./lesson-editor.js'));

export default function VideoPage({ id }: { readonly id: string }) {
  const { viewer, known } = useViewer();
  const { data, error, refetch } = useQuery(VideoPageDocument, pageOptions(id, known));
  const video = data?.video;
  const courseId = video?.courseId;
  const outline = useQuery(CourseOutlineDocument, courseId === undefined ? skipToken : { variables: { id: courseId } });
  const media = useFragment({
    fragment: LessonMediaFragmentDoc,
    fragmentName: 'LessonMedia',
    from: video ?? null,
  });
  usePageTitle(video?.title);

  if (error && !video) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <PageLoading />;
  if (!video) return <NotFound title={words.notFound.video} />;
  const course = outline.data?.course;
  const lesson = media.complete ? media.data : null;
  const isEditable = course ? mayEdit(viewer, course) : false;
  return (
    <div className={css.page}>
      <div className={css.main}>
        <p className={css.back}>
          <Link href={`/courses/${video.courseId}`}>
            <BackIcon />
            {course ? words.video.backTo(course.title) : words.header.courses}
          </Link>
        </p>
        {lesson?.file ? (
          <Player key={id} lesson={lesson} />
        ) : video.isLocked ? (
          <Locked id={id} />
        ) : (
          lesson && <NoFile id={id} isEditable={isEditable} />
        )}
        <Problem error={error} onRetry={() => void refetch()} />
        <div className={css.about}>
          <h1>{video.title}</h1>
          {video.description && <p className={css.description}>{video.description}</p>}
        </div>
        {course && <NextLessons course={course} id={id} />}
        {lesson && <Resources resources={lesson.resources ?? []} />}
        {isEditable && lesson && (
          <Suspense>
            <LessonEditor video={video} lesson={lesson} />
          </Suspense>
        )}
      </div>
      <aside className={css.aside}>
        {course && <LessonList course={course} id={id} />}
        <Problem error={outline.error} onRetry={() => void outline.refetch()} />
      </aside>
    </div>
  );
}

function Locked({ id }: { readonly id: string }) {
  return (
    <div className={css.instead}>
      <LockIcon />
      <h2>{words.video.locked}</h2>
      <p>{words.video.lockedLead}</p>
      <ButtonLink look="primary" href={`/sign-in?next=${encodeURIComponent(`/videos/${id}`)}`}>
        {words.header.signIn}
      </ButtonLink>
    </div>
  );
}
