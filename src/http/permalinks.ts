import { Router, type Request } from 'express';
import type { CatalogContext } from '../catalog/context.js';
import { LecternError } from '../errors.js';
import type { MediaFile } from '../media/media-file.model.js';
import type { SignedUrls } from '../media/signed-urls.js';
import { contextOf } from './request-context.js';
import type { RunningRequests } from './running-requests.js';

/** What a permalink stands for: the file, null when there is none that the viewer may know of. */
export interface PermalinkTargets {
  videoFile(context: CatalogContext, videoId: string): Promise<MediaFile | null>;
  videoThumbnail(context: CatalogContext, videoId: string): Promise<MediaFile | null>;
  image(context: CatalogContext, imageIdOrKey: string): Promise<MediaFile | null>;
  courseThumbnail(context: CatalogContext, courseId: string): Promise<MediaFile | null>;
  courseIntroVideo(context: CatalogContext, courseId: string): Promise<MediaFile | null>;
}

/** Under which paths the permalinks are. */
export const PERMALINK_ROOTS = ['/media', '/courses'];

/** Ids and keys longer than this, in characters, are nobody's. */
const MAX_ID_LENGTH = 1_024;

/**
 * Addresses that last, for pages and mails: each answers 302 to a signed URL made now, under the access rules of the
 * GraphQL fields. Refusals are JSON with the codes of the catalogue.
 */
export function permalinks(targets: PermalinkTargets, signedUrls: SignedUrls, running: RunningRequests): Router {
  const router = Router();
  const link = (path: string, find: (context: CatalogContext, id: string) => Promise<MediaFile | null>): void => {
    router.get(path, async (request, response) => {
      response.set('Cache-Control', 'no-store');
      const file = await find(contextOf(request, running), idOf(request));
      if (!file) throw new LecternError('NOT_FOUND');
      response.redirect(302, (await signedUrls.of(file)).url);
    });
  };
  link('/media/video/:id', (context, id) => targets.videoFile(context, id));
  link('/media/thumbnail/:id', (context, id) => targets.videoThumbnail(context, id));
  // A storage key has slashes, plain or percent-encoded, so it takes all that is left of the path.
  link('/media/image/*id', (context, id) => targets.image(context, id));
  link('/courses/:id/thumbnail/file', (context, id) => targets.courseThumbnail(context, id));
  link('/courses/:id/intro-video/file', (context, id) => targets.courseIntroVideo(context, id));
  return router;
}

/** The id as it stands in the path, decoded once by the router. A wildcard comes in segments. */
function idOf(request: Request): string {
  const { id = '' } = request.params as { id?: string | string[] };
  const text = Array.isArray(id) ? id.join('/') : id;
  if (text.length > MAX_ID_LENGTH) throw new LecternError('NOT_FOUND');
  return text;
}
