import { LecternError } from '../../errors.js';
import { perRequest } from '../../graphql/per-request.js';
import { requireViewer } from '../access.js';
import type { CatalogContext } from '../context.js';
import { orderedChildren } from '../ordered-children.js';
import { recordsById } from '../records-by-id.js';
import { topicForWriting } from '../topic/topic.loader.js';
import { VideoModel, type Video } from './video.model.js';

/** Living videos by id; one command for all that a request asks for at once. */
export const videoById = perRequest((_context: CatalogContext) => recordsById<Video>(VideoModel));

/** Pages of topics' videos; one command for all topics. */
export const videoPages = perRequest((_context: CatalogContext) => orderedChildren<Video>(VideoModel));

/** A video of a course that the viewer may write, read afresh. */
export async function videoForWriting(context: CatalogContext, id: string): Promise<Video> {
  requireViewer(context.viewer);
  const video = await videoById(context).clear(id).load(id);
  if (!video) throw new LecternError('NOT_FOUND');
  await topicForWriting(context, video.topicId);
  return video;
}
