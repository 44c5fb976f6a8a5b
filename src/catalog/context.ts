import type { Viewer } from '../auth/viewer.js';
import type { RequestContext } from '../graphql/per-request.js';

/** The request context of the catalogue's resolvers. */
export interface CatalogContext extends RequestContext {
  /** The signed-in viewer. Null for a request without a token. */
  readonly viewer: Viewer | null;
}
