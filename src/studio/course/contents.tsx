import type { FragmentType } from '@apollo/client';
import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { ReorderTopicsDocument, type TopicSectionFragment } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import { classes } from '../ui/classes.js';
import controls from '../ui/controls.module.css';
import { BookIcon, PlusIcon } from '../ui/icons.js';
import { words } from '../words.js';
import { AddingStatus } from './adding-status.js';
import css from './course.module.css';
import { useFileDrag } from './file-drag.js';
import { reorderInCache } from './list-cache.js';
import { OrderProblem } from './order-problem.js';
import { TopicForm } from './topic-form.js';
import { TopicSection } from './topic-section.js';
import { useAddVideos } from './use-add-videos.js';
import { useOrder } from './use-order.js';

type Topic = { readonly id: string; readonly title: string } & FragmentType<TopicSectionFragment>;

interface ContentsProps {
  readonly courseId: string;
  readonly topics: readonly Topic[];
  readonly isEditable: boolean;
  /** Reads the course again. */
  readonly onStale: () => Promise<unknown>;
}

/** The topics of a course with their videos, in order. */
export function Contents({ courseId, topics, isEditable, onStale }: ContentsProps) {
  const [isAdding, setAdding] = useState(false);
  const [reorder] = useMutation(ReorderTopicsDocument);
  const order = useOrder(
    topics.map(({ id }) => id),
    (topicIds) =>
      reorder({
        variables: { courseId, topicIds: [...topicIds] },
        update: (cache) => reorderInCache(cache, { type: 'Course', id: courseId, field: 'topics' }, topicIds),
      }),
    onStale,
  );
  const adding = useAddVideos(courseId);
  const { isOver, handlers } = useFileDrag(isEditable, (files) => void adding.addFolders(files));
  const byId = new Map(topics.map((topic) => [topic.id, topic]));

  return (
    <section className={classes(css.contents, isOver && css.over)} aria-label={words.course.contents} {...handlers}>
      <header className={css.contentsHead}>
        <h2>{words.course.contents}</h2>
        {isEditable && (
          <Button onClick={() => setAdding(true)}>
            <PlusIcon />
            {words.course.addTopic}
          </Button>
        )}
      </header>
      {isOver && <p className={css.dropHint}>{words.course.dropCourse}</p>}
      <OrderProblem error={order.error} />
      <AddingStatus adding={adding} />
      {topics.length === 0 && (
        <div className={controls.empty}>
          <BookIcon />
          <h3>{isEditable ? words.course.noTopics : words.course.noTopicsStudent}</h3>
          {isEditable && <p>{words.course.noTopicsLead}</p>}
        </div>
      )}
      <ol className={css.topics} aria-label={words.course.contents}>
        {order.ids.map((id) => {
          const topic = byId.get(id);
          return (
            topic && (
              <TopicSection
                key={id}
                topic={topic}
                title={topic.title}
                courseId={courseId}
                isEditable={isEditable}
                list={{ ids: order.ids, onOrder: order.change }}
                onStale={onStale}
              />
            )
          );
        })}
      </ol>
      {isAdding && <TopicForm courseId={courseId} onClose={() => setAdding(false)} />}
    </section>
  );
}
