import { LecternError } from '../../errors.js';
import { perRequest } from '../../graphql/per-request.js';
import { requireViewer } from '../access.js';
import { childCounts } from '../child-counts.js';
import type { CatalogContext } from '../context.js';
import { courseForReading } from '../course/course.loader.js';
import { orderedChildren } from '../ordered-children.js';
import { recordsById } from '../records-by-id.js';
import { topicById, topicForWriting } from '../topic/topic.loader.js';
import { VideoModel, type Video } from './video.model.js';

/** Living videos by id; one command for all that a request asks for at once. */
export const videoById = perRequest((_context: CatalogContext) => recordsById<Video>(VideoModel));

/** How many videos topics have; one command for all topics. */
export const videoCounts = perRequest((_context: CatalogContext) => childCounts<Video>(VideoModel, 'topicId'));

/** Pages of topics' videos; one command for all topics. */
export const videoPages = perRequest((_context: CatalogContext) => orderedChildren<Video>(VideoModel));

/** The video when its topic exists and the viewer may see its course; null when not, or when there is no such video. */
export async function videoForReading(context: CatalogContext, id: string): Promise<Video | null> {
  const video = await videoById(context).load(id);
  if (!video) return null;
  const [topic, course] = await Promise.all([
    topicById(context).load(video.topicId),
    courseForReading(context, video.courseId),
  ]);
  return topic && course ? video : null;
}

/** The video when the viewer may write its course, read again from the database. Throws as `courseForWriting` does. */
export async function videoForWriting(context: CatalogContext, id: string): Promise<Video> {
  requireViewer(context.viewer);
  const video = await videoById(context).clear(id).load(id);
  if (!video) throw new LecternError('NOT_FOUND');
  await topicForWriting(context, video.topicId);
  return video;
}
