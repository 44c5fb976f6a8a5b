import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LecternError } from '../errors.js';
import { endLingering } from './body-progress.js';
import { refusalBody } from './json-error.js';

/** How often Node looks for overdue headers within the time that headers may take. */
const CHECKS_PER_HEAD = 12;

/** The responses for errors of the HTTP parser. All others are 400. RFC 6585, section 5; RFC 9110, section 15.5.9. */
const PARSER_FAULTS: Readonly<Record<string, { status: number; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers of the request are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The headers of the request did not arrive in time.' },
};
const MALFORMED = { status: 400, message: 'This is not an HTTP/1.1 request.' };

export interface ServerTimes {
  /** How long the headers of a request may take, in milliseconds. */
  readonly headMs: number;
  /** How long an idle connection stays open, in milliseconds. Must be longer than a load balancer in front keeps it. */
  readonly keepAliveMs: number;
}

/**
 * Creates the HTTP server, without a handler. It closes a connection whose request headers are not complete in time.
 * The time limits of bodies are in body-progress.ts.
 */
export function httpServer({ headMs, keepAliveMs }: ServerTimes): Server {
  const checkMs = Math.floor(headMs / CHECKS_PER_HEAD);
  return createServer({
    requestTimeout: 0,
    // Node checks once per interval, so it notices overdue headers up to one interval late.
    headersTimeout: headMs - checkMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: keepAliveMs,
  });
}

/**
 * Passes all requests to a handler, including those with an `Expect` header. Without these listeners Node would send
 * `100 Continue` for every body, and respond with an empty 417 to other expectations.
 */
export function answerWith(server: Server, handler: RequestListener, answerReadableMs: number): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  const answer: RequestListener = (request, response) => {
    answers.set(request.socket, response);
    handler(request, response);
  };
  server.on('request', answer).on('checkContinue', answer).on('checkExpectation', answer);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const last = answers.get(socket);
    const isAnswering = last !== undefined && last.headersSent && !last.writableFinished;
    if (!socket.writable || isAnswering) socket.destroy();
    else endLingering(socket, rawRefusal(error), answerReadableMs);
  });
}

/** The response to bytes that are not a request, as text, because Node creates no response object for them. */
function rawRefusal({ code = '' }: NodeJS.ErrnoException): string {
  const { status, message } = PARSER_FAULTS[code] ?? MALFORMED;
  const body = JSON.stringify(refusalBody(new LecternError('BAD_REQUEST', message)));
  return [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
