import { LecternError } from '../../errors.js';
import { perRequest } from '../../graphql/per-request.js';
import { requireCourseWriter, requireViewer } from '../access.js';
import { childCounts } from '../child-counts.js';
import type { CatalogContext } from '../context.js';
import { courseById, courseForReading } from '../course/course.loader.js';
import { orderedChildren } from '../ordered-children.js';
import { recordsById } from '../records-by-id.js';
import { topicById } from '../topic/topic.loader.js';
import { VideoModel, type Video } from './video.model.js';

/** Loads videos by id, without deleted ones. All that a request needs at the same time take one database command. */
export const videoById = perRequest((_context: CatalogContext) => recordsById<Video>(VideoModel));

/** Counts the videos of topics, with one database command for all topics. */
export const videoCounts = perRequest((_context: CatalogContext) => childCounts<Video>(VideoModel, 'topicId'));

/** Reads pages of topics' videos, with one database command for all topics. */
export const videoPages = perRequest((_context: CatalogContext) => orderedChildren<Video>(VideoModel));

/** Returns the video. Returns null when it or its topic does not exist, or when the viewer may not see its course. */
export async function videoForReading(context: CatalogContext, id: string): Promise<Video | null> {
  const video = await videoById(context).load(id);
  if (!video) return null;
  const [topic, course] = await Promise.all([
    topicById(context).load(video.topicId),
    courseForReading(context, video.courseId),
  ]);
  return topic && course ? video : null;
}

/**
 * Returns a video whose course the viewer may write. Reads it from the database again.
 * Rejects with UNAUTHENTICATED, NOT_FOUND or FORBIDDEN.
 */
export async function videoForWriting(context: CatalogContext, id: string): Promise<Video> {
  requireViewer(context.viewer);
  const video = await videoById(context).clear(id).load(id);
  if (!video) throw new LecternError('NOT_FOUND');
  const [topic, course] = await Promise.all([
    topicById(context).clear(video.topicId).load(video.topicId),
    courseById(context).clear(video.courseId).load(video.courseId),
  ]);
  if (!topic) throw new LecternError('NOT_FOUND');
  requireCourseWriter(context.viewer, course);
  return video;
}
