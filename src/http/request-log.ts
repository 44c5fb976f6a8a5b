import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { RequestOutcome } from '../metrics.js';
import type { RequestNotes, Telemetry } from '../telemetry.js';

/** A request id from outside that is safe in logs and headers. */
const REQUEST_ID = /^[\w.-]{1,128}$/;
/** More of a path than this, in characters, tells an operator nothing. */
const MAX_LOGGED_PATH = 500;
/** What machines ask for every few seconds is logged at `debug`. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

const requestIds = new WeakMap<Request, string>();

/** The id of a request. Only behind `requestLog`. */
export function requestIdOf(request: Request): string {
  const id = requestIds.get(request);
  if (id === undefined) throw new Error('This request has no id yet.');
  return id;
}

/**
 * Gives each request an id, the client's own X-Request-Id where that is an acceptable one, and sends it with every
 * answer. When the request has ended it is counted and logged: without its query, which may hold a signature, and
 * without its headers.
 * @param hasGivenUp Whether this server broke the request off, because it stops.
 */
export function requestLog(telemetry: Telemetry, hasGivenUp: (request: Request) => boolean): RequestHandler {
  return (request, response, next) => {
    const begun = performance.now();
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    requestIds.set(request, requestId);
    response.setHeader('X-Request-Id', requestId);
    // Read now, because routers change `url` while they work.
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
