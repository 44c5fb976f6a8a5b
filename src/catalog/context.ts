import type { Viewer } from '../auth/viewer.js';
import type { RequestContext } from '../graphql/per-request.js';

/** What the catalogue's resolvers know of a request. */
export interface CatalogContext extends RequestContext {
  /** Who asks, or null without a token. */
  readonly viewer: Viewer | null;
}
