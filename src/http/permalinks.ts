import { Router, type Request } from 'express';
import type { CatalogContext } from '../catalog/context.js';
import { LecternError } from '../errors.js';
import type { MediaFile } from '../media/media-file.model.js';
import type { SignedUrls } from '../media/signed-urls.js';
import { contextOf } from './request-context.js';
import type { RunningRequests } from './running-requests.js';

/** Finds the file of a permalink. Returns null when there is no such file or the viewer may not see it. */
export interface PermalinkTargets {
  videoFile(context: CatalogContext, videoId: string): Promise<MediaFile | null>;
  videoThumbnail(context: CatalogContext, videoId: string): Promise<MediaFile | null>;
  image(context: CatalogContext, imageIdOrKey: string): Promise<MediaFile | null>;
  courseThumbnail(context: CatalogContext, courseId: string): Promise<MediaFile | null>;
  courseIntroVideo(context: CatalogContext, courseId: string): Promise<MediaFile | null>;
}

/** The first path segments of permalinks. */
export const PERMALINK_ROOTS = ['/media', '/courses'];

/** No id or key is longer, in characters. */
const MAX_ID_LENGTH = 1_024;

/**
 * URLs that do not expire, for pages and mails. Each redirects (302) to a newly signed URL, under the access rules of
 * the GraphQL fields. Errors are JSON with the codes of errors.ts.
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
  // Accepts an object key too, whose slashes may be plain or percent-encoded, so it matches the rest of the path.
  link('/media/image/*id', (context, id) => targets.image(context, id));
  link('/courses/:id/thumbnail/file', (context, id) => targets.courseThumbnail(context, id));
  link('/courses/:id/intro-video/file', (context, id) => targets.courseIntroVideo(context, id));
  return router;
}

/** Returns the id in the path, which the router has decoded once. For a wildcard the router returns segments. */
function idOf(request: Request): string {
  const { id = '' } = request.params as { id?: string | string[] };
  const text = Array.isArray(id) ? id.join('/') : id;
  if (text.length > MAX_ID_LENGTH) throw new LecternError('NOT_FOUND');
  return text;
}
