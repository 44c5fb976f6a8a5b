import type { Request } from 'express';
import type { CatalogContext } from '../catalog/context.js';
import { knownOf } from './identity.js';
import type { RunningRequests } from './running-requests.js';

/** Returns the context for the catalogue's resolvers. Only for handlers that run after `identify` and `track`. */
export function contextOf(request: Request, running: RunningRequests): CatalogContext {
  return { ...knownOf(request), signal: running.signalOf(request) };
}
