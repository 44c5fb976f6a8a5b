import type { Request, RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { Viewer } from '../auth/viewer.js';
import type { RateLimits } from './rate-limits.js';
import type { Telemetry } from '../telemetry.js';
import { requestIdOf } from './request-log.js';

/** What the guards found out about a request, for the handlers behind them. */
interface Known {
  readonly requestId: string;
  readonly viewer: Viewer | null;
}

const known = new WeakMap<Request, Known>();

/** Who sent a request, and its id. Only behind `identify`. */
export function knownOf(request: Request): Known {
  const facts = known.get(request);
  if (!facts) throw new Error('This request has passed no guard.');
  return facts;
}

/**
 * Verifies the token of a request, then counts the request: for its viewer, or for its address when it has no token or
 * one that is refused. So a flood from an address that many share never locks out those who are signed in. The price
 * is one verification of each token, which is bounded: see authenticator.ts and key-set.ts.
 * A header that is no valid token refuses the request: UNAUTHENTICATED.
 */
export function identify(authenticator: Authenticator, limits: RateLimits, telemetry: Telemetry): RequestHandler {
  return async (request, response, next) => {
    // Node would drop all but the first; several are no valid one.
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

/** Who sent the request, as far as is known yet. */
export function viewerOf(request: Request): Viewer | null {
  return known.get(request)?.viewer ?? null;
}

/** Whether a request came with a valid token, as far as is known yet. */
export function isSignedIn(request: Request): boolean {
  return viewerOf(request) !== null;
}
