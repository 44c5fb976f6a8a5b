import type { FragmentType } from '@apollo/client';
import { useFragment, useMutation } from '@apollo/client/react';
import { useId, useState } from 'react';
import {
  DeleteTopicDocument,
  ReorderVideosDocument,
  TopicSectionFragmentDoc,
  type TopicSectionFragment,
} from '../gql/graphql.js';
import { buttonClass } from '../ui/button.js';
import { classes } from '../ui/classes.js';
import { ConfirmDialog } from '../ui/confirm-dialog.js';
import { acceptOf } from '../ui/file-kinds.js';
import { MoreIcon, UploadIcon } from '../ui/icons.js';
import { Menu } from '../ui/menu.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { AddingStatus } from './adding-status.js';
import { OrderProblem } from './order-problem.js';
import css from './course.module.css';
import { DragHandle } from './drag-handle.js';
import { edgeClass } from './edge-class.js';
import { filesOf, useFileDrag } from './file-drag.js';
import { removeInCache, reorderInCache } from './list-cache.js';
import { useSortable, type SortableList } from './sortable.js';
import { TopicForm } from './topic-form.js';
import { useAddVideos } from './use-add-videos.js';
import { useOrder } from './use-order.js';
import { useRestOfVideos } from './use-rest-of-videos.js';
import { VideoRow } from './video-row.js';

interface TopicSectionProps {
  readonly topic: FragmentType<TopicSectionFragment>;
  readonly title: string;
  readonly courseId: string;
  readonly isEditable: boolean;
  /** The topics of the course. */
  readonly list: SortableList;
  readonly onStale: () => Promise<unknown>;
}

export function TopicSection({ topic, title, courseId, isEditable, list, onStale }: TopicSectionProps) {
  const { data, complete } = useFragment({
    fragment: TopicSectionFragmentDoc,
    fragmentName: 'TopicSection',
    from: topic,
  });
  return complete ? <Loaded {...{ topic: data, title, courseId, isEditable, list, onStale }} /> : null;
}

type LoadedProps = Omit<TopicSectionProps, 'topic'> & { readonly topic: TopicSectionFragment };

function Loaded({ topic: { id, title, description, videos }, courseId, isEditable, list, onStale }: LoadedProps) {
  const heading = useId();
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null);
  const item = useSortable(list, id, title);
  const [reorder] = useMutation(ReorderVideosDocument);
  const order = useOrder(
    videos.nodes.map((video) => video.id),
    (videoIds) =>
      reorder({
        variables: { topicId: id, videoIds: [...videoIds] },
        update: (cache) => reorderInCache(cache, { type: 'Topic', id, field: 'videos' }, videoIds),
      }),
    onStale,
  );
  const adding = useAddVideos(courseId);
  const { isOver, handlers } = useFileDrag(isEditable, (files) => void adding.addTo(id, files));
  const byId = new Map(videos.nodes.map((video) => [video.id, video]));
  // The order is one list: all of it is read, a hundred at a time.
  const rest = useRestOfVideos(id, videos.pageInfo);

  return (
    <li
      ref={item.row}
      className={classes(css.topic, isOver && css.over, item.isDragged && css.dragged, edgeClass(item.edge))}
      {...handlers}
    >
      <header className={css.topicHead}>
        {isEditable && <DragHandle item={item} title={title} />}
        <div className={css.topicTitle}>
          <h3 id={heading}>{title}</h3>
          {description && <p>{description}</p>}
        </div>
        <span className={css.topicCount}>{words.course.videoCount(videos.totalCount)}</span>
        {isEditable && (
          <>
            <ChooseVideos title={title} onFiles={(files) => void adding.addTo(id, filesOf(files))} />
            <Menu
              label={words.course.topicActions(title)}
              items={[
                { label: words.course.renameTopic, onSelect: () => setOpen('edit') },
                { label: words.course.deleteTopic, danger: true, onSelect: () => setOpen('delete') },
              ]}
            >
              <MoreIcon />
            </Menu>
          </>
        )}
      </header>
      {isOver && <p className={css.dropHint}>{words.course.dropHere(title)}</p>}
      <OrderProblem error={order.error} />
      <Problem error={rest.error} onRetry={rest.retry} />
      <AddingStatus adding={adding} />
      {videos.nodes.length === 0 && isEditable && <p className={css.noVideos}>{words.course.noVideos}</p>}
      <ol className={css.videos} aria-labelledby={heading}>
        {order.ids.map((videoId) => {
          const video = byId.get(videoId);
          return (
            video && (
              <VideoRow
                key={videoId}
                video={video}
                topicId={id}
                isEditable={isEditable}
                list={{ ids: order.ids, onOrder: order.change }}
              />
            )
          );
        })}
      </ol>
      {open === 'edit' && (
        <TopicForm courseId={courseId} topic={{ id, title, description }} onClose={() => setOpen(null)} />
      )}
      {open === 'delete' && (
        <DeleteTopic {...{ id, title, courseId, count: videos.totalCount }} onClose={() => setOpen(null)} />
      )}
    </li>
  );
}

interface ChooseVideosProps {
  readonly title: string;
  readonly onFiles: (files: readonly File[]) => void;
}

function ChooseVideos({ title, onFiles }: ChooseVideosProps) {
  return (
    <label className={classes(buttonClass({ look: 'quiet' }), css.choose)}>
      <UploadIcon />
      <span>{words.course.addVideos}</span>
      <input
        type="file"
        multiple
        accept={acceptOf('video')}
        aria-label={words.course.addVideosTo(title)}
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])]);
          target.value = '';
        }}
      />
    </label>
  );
}

interface DeleteTopicProps {
  readonly id: string;
  readonly title: string;
  readonly courseId: string;
  readonly count: number;
  readonly onClose: () => void;
}

function DeleteTopic({ id, title, courseId, count, onClose }: DeleteTopicProps) {
  const [remove] = useMutation(DeleteTopicDocument, {
    variables: { id },
    update: (cache) => removeInCache(cache, { type: 'Course', id: courseId, field: 'topics' }, id),
  });
  return (
    <ConfirmDialog
      title={words.course.deleteTopicTitle(title)}
      text={words.course.deleteTopicGoes(count)}
      confirm={words.course.deleteTopic}
      onConfirm={() => remove()}
      onClose={onClose}
    />
  );
}
