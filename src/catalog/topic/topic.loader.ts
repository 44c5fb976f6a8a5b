import { LecternError } from '../../errors.js';
import { perRequest } from '../../graphql/per-request.js';
import { requireViewer } from '../access.js';
import { childCounts } from '../child-counts.js';
import type { CatalogContext } from '../context.js';
import { courseForReading, courseForWriting } from '../course/course.loader.js';
import { orderedChildren } from '../ordered-children.js';
import { recordsById } from '../records-by-id.js';
import { TopicModel, type Topic } from './topic.model.js';

/** Living topics by id; one command for all that a request asks for at once. */
export const topicById = perRequest((_context: CatalogContext) => recordsById<Topic>(TopicModel));

/** How many topics courses have; one command for all courses. */
export const topicCounts = perRequest((_context: CatalogContext) => childCounts<Topic>(TopicModel, 'courseId'));

/** Pages of courses' topics; one command for all courses. */
export const topicPages = perRequest((_context: CatalogContext) => orderedChildren<Topic>(TopicModel));

/** The topic when the viewer may see its course; null when not, or when there is none. */
export async function topicForReading(context: CatalogContext, id: string): Promise<Topic | null> {
  const topic = await topicById(context).load(id);
  return topic && (await courseForReading(context, topic.courseId)) ? topic : null;
}

/** The topic when the viewer may write its course, read again from the database. Throws as `courseForWriting` does. */
export async function topicForWriting(context: CatalogContext, id: string): Promise<Topic> {
  requireViewer(context.viewer);
  const topic = await topicById(context).clear(id).load(id);
  if (!topic) throw new LecternError('NOT_FOUND');
  await courseForWriting(context, topic.courseId);
  return topic;
}
