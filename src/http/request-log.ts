import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { RequestOutcome } from '../metrics.js';
import type { Telemetry } from '../telemetry.js';

/** A request id from outside that is safe in logs and headers. */
const REQUEST_ID = /^[\w.-]{1,128}$/;
/** More of a path than this, in characters, tells an operator nothing. */
const MAX_LOGGED_PATH = 500;
/** What machines ask for every few seconds: logged only for whoever looks closely. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

const requestIds = new WeakMap<Request, string>();

/** The id of a request. Only behind `requestLog`. */
export function requestIdOf(request: Request): string {
  const id = requestIds.get(request);
  if (id === undefined) throw new Error('This request has no id yet.');
  return id;
}

/**
 * Names each request, by the client's own X-Request-Id where that is an acceptable one, and says the name on every
 * answer. When the request is over it is counted and logged: never its query, which may hold a signature, nor a header.
 */
export function requestLog(telemetry: Telemetry): RequestHandler {
  return (request, response, next) => {
    const begun = performance.now();
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    requestIds.set(request, requestId);
    response.setHeader('X-Request-Id', requestId);
    // Taken now: routers change `url` while they work, and a client that leaves may take the socket with it.
    const { method } = request;
    const path = (request.originalUrl.split('?')[0] ?? '').slice(0, MAX_LOGGED_PATH);
    response.once('close', () => {
      const outcome = outcomeOf(response);
      telemetry.metrics.requestEnded(outcome);
      const status = response.headersSent ? response.statusCode : undefined;
      const line = { requestId, method, path, status, ms: Math.round(performance.now() - begun), outcome };
      telemetry.logger[PROBES.has(path) ? 'debug' : 'info'](line, 'request');
    });
    telemetry.inRequest(requestId, next);
  };
}

function outcomeOf(response: Response): RequestOutcome {
  if (!response.writableFinished) return 'left';
  if (response.statusCode >= 500) return 'failed';
  return response.statusCode >= 400 ? 'refused' : 'served';
}
