import { LecternError } from '../../errors.js';
import { perRequest } from '../../graphql/per-request.js';
import { requireViewer } from '../access.js';
import { childCounts } from '../child-counts.js';
import type { CatalogContext } from '../context.js';
import { courseForReading, courseForWriting } from '../course/course.loader.js';
import { orderedChildren } from '../ordered-children.js';
import { recordsById } from '../records-by-id.js';
import { TopicModel, type Topic } from './topic.model.js';

/** Loads topics by id, without deleted ones. All that a request needs at the same time take one database command. */
export const topicById = perRequest((_context: CatalogContext) => recordsById<Topic>(TopicModel));

/** Counts the topics of courses, with one database command for all courses. */
export const topicCounts = perRequest((_context: CatalogContext) => childCounts<Topic>(TopicModel, 'courseId'));

/** Reads pages of courses' topics, with one database command for all courses. */
export const topicPages = perRequest((_context: CatalogContext) => orderedChildren<Topic>(TopicModel));

/** Returns the topic. Returns null when it does not exist or the viewer may not see its course. */
export async function topicForReading(context: CatalogContext, id: string): Promise<Topic | null> {
  const topic = await topicById(context).load(id);
  return topic && (await courseForReading(context, topic.courseId)) ? topic : null;
}

/**
 * Returns a topic whose course the viewer may write. Reads it from the database again.
 * Rejects with UNAUTHENTICATED, NOT_FOUND or FORBIDDEN.
 */
export async function topicForWriting(context: CatalogContext, id: string): Promise<Topic> {
  requireViewer(context.viewer);
  const topic = await topicById(context).clear(id).load(id);
  if (!topic) throw new LecternError('NOT_FOUND');
  await courseForWriting(context, topic.courseId);
  return topic;
}
