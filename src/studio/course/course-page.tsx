import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { pageOptions } from '../api/page-options.js';
import { CoursePageDocument, MoreTopicsDocument } from '../gql/graphql.js';
import { mayEdit, useViewer } from '../session/use-viewer.js';
import { NotFound } from '../shell/not-found.js';
import { PageLoading } from '../shell/page-loading.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { CourseHeader } from './course-header.js';
import { Contents } from './contents.js';

export default function CoursePage({ id }: { readonly id: string }) {
  const { viewer, known } = useViewer();
  const [, navigate] = useLocation();
  const { data, error, refetch, fetchMore } = useQuery(CoursePageDocument, pageOptions(id, known));
  const course = data?.course;
  usePageTitle(course?.title);

  // The order of topics is one list: all of it is read.
  const { hasNextPage, endCursor } = course?.topics.pageInfo ?? { hasNextPage: false, endCursor: null };
  useEffect(() => {
    if (!hasNextPage) return;
    void fetchMore({ query: MoreTopicsDocument, variables: { id, after: endCursor } }).catch(() => undefined);
  }, [id, hasNextPage, endCursor, fetchMore]);

  if (error && !course) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <PageLoading />;
  if (!course) return <NotFound title={words.notFound.course} />;
  const isEditable = mayEdit(viewer, course);
  const topics = course.topics.nodes;
  return (
    <>
      <CourseHeader
        course={course}
        lessons={topics.flatMap(({ videos }) => videos.nodes)}
        topicCount={topics.length}
        isEditable={isEditable}
        onDeleted={() => navigate('/', { replace: true })}
      />
      <Problem error={error} onRetry={() => void refetch()} />
      <Contents courseId={id} topics={topics} isEditable={isEditable} onStale={() => refetch()} />
    </>
  );
}
