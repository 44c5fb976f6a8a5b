import type { Request, RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { Viewer } from '../auth/viewer.js';
import { requestIdOf } from './request-log.js';

/** What the guards found out about a request, for those behind them. */
interface Known {
  readonly requestId: string;
  readonly viewer: Viewer | null;
}

const known = new WeakMap<Request, Known>();

/** Who and what a request is. Only behind `identify`. */
export function knownOf(request: Request): Known {
  const facts = known.get(request);
  if (!facts) throw new Error('This request has passed no guard.');
  return facts;
}

/** Finds out who asks. A header that is no valid token refuses the request: UNAUTHENTICATED. */
export function identify(authenticator: Authenticator): RequestHandler {
  return async (request, _response, next) => {
    // Node would drop all but the first; several are no valid one.
    const authorization = request.headersDistinct['authorization']?.join(', ');
    known.set(request, {
      requestId: requestIdOf(request),
      viewer: await authenticator.authenticate(authorization),
    });
    next();
  };
}

/** Who asks, as far as is known yet. */
export function viewerOf(request: Request): Viewer | null {
  return known.get(request)?.viewer ?? null;
}

/** Whether a request came with a valid token, as far as is known yet. */
export function isSignedIn(request: Request): boolean {
  return viewerOf(request) !== null;
}
