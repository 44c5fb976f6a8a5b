import type { Request } from 'express';
import type { CatalogContext } from '../catalog/context.js';
import { knownOf } from './identity.js';
import type { RunningRequests } from './running-requests.js';

/** What the catalogue gets to know of a request. Only behind `identify` and `track`. */
export function contextOf(request: Request, running: RunningRequests): CatalogContext {
  return { ...knownOf(request), signal: running.signalOf(request) };
}
