import type { Request, RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { Viewer } from '../auth/viewer.js';
import type { RateLimits } from './rate-limits.js';
import type { Telemetry } from '../telemetry.js';
import { requestIdOf } from './request-log.js';

/** What `identify` has found out about a request. */
interface Known {
  readonly requestId: string;
  readonly viewer: Viewer | null;
}

const known = new WeakMap<Request, Known>();

/** Returns the viewer and the id of a request. Only for handlers that run after `identify`. */
export function knownOf(request: Request): Known {
  const facts = known.get(request);
  if (!facts) throw new Error('This request has not passed the handler `identify`.');
  return facts;
}

/**
 * Verifies the token of a request, then counts the request for rate limits: for its viewer, or for its address when it
 * has no valid token. So signed-in viewers are not affected by floods from an address that they share with others. The
 * cost is the verification of every token, which is bounded: see authenticator.ts and key-set.ts.
 * Refuses a request with an invalid Authorization header: UNAUTHENTICATED.
 */
export function identify(authenticator: Authenticator, limits: RateLimits, telemetry: Telemetry): RequestHandler {
  return async (request, response, next) => {
    // Joins several headers, which makes them invalid. Node would keep only the first.
    const authorization = request.headersDistinct['authorization']?.join(', ');
    let viewer: Viewer | null;
    try {
      viewer = await authenticator.authenticate(authorization);
    } catch (error) {
      await limits.countAddress(request, response);
      throw error;
    }
    known.set(request, { requestId: requestIdOf(request), viewer });
    if (viewer) {
      telemetry.note({ viewer: viewer.id });
      await limits.countViewer(viewer.id, response);
    } else {
      await limits.countAddress(request, response);
    }
    next();
  };
}

/** Returns the viewer. Returns null without a valid token, and before `identify` has run. */
export function viewerOf(request: Request): Viewer | null {
  return known.get(request)?.viewer ?? null;
}

/** Returns true when `identify` has found a valid token. */
export function isSignedIn(request: Request): boolean {
  return viewerOf(request) !== null;
}
