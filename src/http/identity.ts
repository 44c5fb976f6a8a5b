import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { Viewer } from '../auth/viewer.js';

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

/** A request id from outside that is safe in logs and headers. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** Gives the request its id and its viewer. A header that is no valid token refuses the request: UNAUTHENTICATED. */
export function identify(authenticator: Authenticator): RequestHandler {
  return async (request, response, next) => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', requestId);
    known.set(request, { requestId, viewer: await authenticator.authenticate(request.get('authorization')) });
    next();
  };
}

/** Whether a request came with a valid token, as far as is known yet. */
export function isSignedIn(request: Request): boolean {
  return Boolean(known.get(request)?.viewer);
}
