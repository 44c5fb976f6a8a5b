import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LecternError } from '../errors.js';
import { endLingering } from './body-progress.js';
import { refusalBody } from './json-error.js';

/** Unfinished heads are looked for so often within the time that one may take. */
const LOOKS_PER_HEAD = 12;

/** What the HTTP parser's complaints mean. All others are 400. RFC 6585, section 5; RFC 9110, section 15.5.9. */
const PARSER_FAULTS: Readonly<Record<string, { status: number; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The head of the request is too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The head of the request did not come in time.' },
};
const MALFORMED = { status: 400, message: 'This is no HTTP/1.1 request.' };

export interface ServerTimes {
  /** How long the head of a request may take, in milliseconds. */
  readonly headMs: number;
  /** How long a connection without a request stays open, in milliseconds. Longer than any balancer in front keeps it. */
  readonly keepAliveMs: number;
}

/**
 * The server, without a handler. It closes a connection whose request head is not complete in time. The times of bodies
 * are watched elsewhere (body-progress.ts).
 */
export function httpServer({ headMs, keepAliveMs }: ServerTimes): Server {
  const lookMs = Math.floor(headMs / LOOKS_PER_HEAD);
  return createServer({
    requestTimeout: 0,
    // Node looks for overdue heads once in each interval, so it finds them up to one interval late.
    headersTimeout: headMs - lookMs,
    connectionsCheckingInterval: lookMs,
    keepAliveTimeout: keepAliveMs,
  });
}

/**
 * Lets a handler answer all requests: also those whose client asks before it sends the body, or expects what nobody
 * knows. Without these listeners Node would ask for every body by itself, and answer the others without a word.
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

/** The answer to what is no request, written by hand: there is no response to write it with. */
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
