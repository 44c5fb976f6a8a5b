import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { RequestOutcome } from '../metrics.js';
import type { RequestNotes, Telemetry } from '../telemetry.js';

/** A client's request id is used if it is safe in logs and headers. */
const REQUEST_ID = /^[\w.-]{1,128}$/;
/** How much of a path is logged, in characters. */
const MAX_LOGGED_PATH = 500;
/** Paths that monitoring requests every few seconds. They are logged at level `debug`. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

const requestIds = new WeakMap<Request, string>();

/** Returns the id of a request. Only for handlers that run after `requestLog`. */
export function requestIdOf(request: Request): string {
  const id = requestIds.get(request);
  if (id === undefined) throw new Error('This request has not passed the handler `requestLog`.');
  return id;
}

/**
 * Gives each request an id (the client's X-Request-Id if it is acceptable) and sends it in the response. When the
 * request has ended, counts and logs it, without its headers and without its query, which may contain a signature.
 * @param hasGivenUp Returns true when this server ended the request because it stops.
 */
export function requestLog(telemetry: Telemetry, hasGivenUp: (request: Request) => boolean): RequestHandler {
  return (request, response, next) => {
    const begun = performance.now();
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    requestIds.set(request, requestId);
    response.setHeader('X-Request-Id', requestId);
    // Read now, because routers change `url`.
    const { method } = request;
    const path = (request.originalUrl.split('?')[0] ?? '').slice(0, MAX_LOGGED_PATH);
    const notes: RequestNotes = {};
    response.once('close', () => {
      const outcome = hasGivenUp(request) ? 'failed' : outcomeOf(response);
      telemetry.metrics.requestEnded(outcome);
      const status = response.headersSent ? response.statusCode : undefined;
      const line = { requestId, method, path, status, ms: Math.round(performance.now() - begun), outcome, ...notes };
      telemetry.logger[PROBES.has(path) ? 'debug' : 'info'](line, 'request');
    });
    telemetry.inRequest(requestId, notes, next);
  };
}

function outcomeOf(response: Response): RequestOutcome {
  if (!response.writableFinished) return 'left';
  if (response.statusCode >= 500) return 'failed';
  return response.statusCode >= 400 ? 'refused' : 'served';
}
