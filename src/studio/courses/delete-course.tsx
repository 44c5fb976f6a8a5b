import { useMutation, useQuery } from '@apollo/client/react';
import { CourseContentsDocument, DeleteCourseDocument } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import { Dialog, DialogActions } from '../ui/dialog.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';

interface DeleteCourseProps {
  readonly course: { readonly id: string; readonly title: string };
  readonly onClose: () => void;
  readonly onDeleted?: (() => void) | undefined;
}

/** Asks before a course is deleted, and says what goes with it. */
export default function DeleteCourse({ course: { id, title }, onClose, onDeleted }: DeleteCourseProps) {
  // Not into the cache: it counts topics that the page of the course reads with their videos.
  const contents = useQuery(CourseContentsDocument, { variables: { id }, fetchPolicy: 'no-cache' });
  const [remove, { loading, error }] = useMutation(DeleteCourseDocument, { variables: { id } });
  const topics = contents.data?.course?.topics;
  const videos = topics?.nodes.reduce((sum, topic) => sum + topic.videos.totalCount, 0) ?? 0;

  const confirm = (): void => {
    remove({
      update: (cache) => {
        onDeleted?.();
        cache.evict({ id: cache.identify({ __typename: 'Course', id }) });
        cache.gc();
      },
      refetchQueries: ['Courses'],
    }).then(onClose, () => undefined);
  };

  return (
    <Dialog small title={words.deleteCourse.title(title)} onClose={onClose}>
      <p>{topics ? words.deleteCourse.goes(topics.totalCount, videos) : words.deleteCourse.counting}</p>
      <p>{words.deleteCourse.forGood}</p>
      <Problem error={error ?? contents.error} onRetry={confirm} />
      <DialogActions>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button look="danger" disabled={loading || contents.loading} onClick={confirm}>
          {loading ? words.deleting : words.deleteCourse.confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
