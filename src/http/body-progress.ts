import type { Duplex } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import { isSignedIn } from './identity.js';

/** How often progress is checked within the time that a body may stall. */
const CHECKS_PER_STALL = 4;
/** A refused body of at most this length is drained, so that its connection can be reused. In bytes. */
const MAX_DRAINED_FROM_STRANGERS = 64 * 1024;
const MAX_DRAINED_FROM_VIEWERS = 1024 ** 2;

/** The time limits of a request body, in milliseconds. */
export interface BodyTimes {
  /** How long no byte may arrive while the server waits for one. */
  readonly stallMs: number;
  /** The time from the end of the request's headers to the last byte of its body. */
  readonly totalMs: number;
}

/**
 * Calls `giveUp` once, with a sentence for the client, when the body of a request stalls or exceeds the total time.
 * Time during which the server does not read the body, because the storage is slower than the client, is not a stall.
 */
export function watchBody(request: Request, { stallMs, totalMs }: BodyTimes, giveUp: (reason: string) => void): void {
  let seenBytes = request.socket.bytesRead;
  let seenAt = Date.now();
  const end = (reason?: string): void => {
    clearInterval(stall);
    clearTimeout(total);
    if (reason !== undefined) giveUp(reason);
  };
  const isOver = (): boolean => request.complete || request.destroyed;
  const stall = setInterval(() => {
    const bytes = request.socket.bytesRead;
    if (isOver()) {
      end();
    } else if (bytes !== seenBytes || request.isPaused()) {
      seenBytes = bytes;
      seenAt = Date.now();
    } else if (Date.now() - seenAt >= stallMs) {
      end(`The request was given up because no byte of it arrived for ${inSeconds(stallMs)}.`);
    }
  }, stallMs / CHECKS_PER_STALL);
  const total = setTimeout(() => {
    end(isOver() ? undefined : `The request did not arrive completely within ${inSeconds(totalMs)}.`);
  }, totalMs);
  request.once('close', () => end());
}

function inSeconds(ms: number): string {
  return ms === 1_000 ? '1 second' : `${String(ms / 1_000)} seconds`;
}

/** Requests whose client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1). */
const waitingForContinue = new WeakSet<Request>();

/** Sends `100 Continue` to a client that waits for it. Call it after the guards and before a parser reads. */
export function askForBody(request: Request, response: Response): void {
  if (waitingForContinue.delete(request)) response.writeContinue();
}

/**
 * Reads no byte of a body before a parser asks for it. If the server responds before the body is complete, a short body
 * is drained, so that keep-alive works. For a longer one the server sends `Connection: close`, stops reading, and
 * destroys the socket after `answerReadableMs` milliseconds, so that a client that is still writing can read the
 * response. Node itself would drain a body of any length.
 */
export const releaseUnreadBody =
  (answerReadableMs: number): RequestHandler =>
  (request, response, next) => {
    if (request.httpVersion === '1.1' && /^100-continue$/i.test(request.get('expect') ?? ''))
      waitingForContinue.add(request);
    // Node resumes the socket when the body is read, or when all of it has already arrived.
    request.socket.pause();
    onHeaders(response, () => {
      if (!request.complete && !isShort(request)) closeLingering(request, response, answerReadableMs);
    });
    response.once('finish', () => {
      if (request.complete) return;
      request.unpipe();
      if (isShort(request)) request.resume();
      else request.pause();
      setTimeout(() => {
        if (!request.complete) request.socket.destroy();
      }, answerReadableMs).unref();
    });
    next();
  };

/** Returns true when the client will send the whole body and its Content-Length is small enough to drain it. */
function isShort(request: Request): boolean {
  if (!hasBody(request)) return true;
  if (waitingForContinue.has(request)) return false;
  const length = request.get('content-length');
  const limit = isSignedIn(request) ? MAX_DRAINED_FROM_VIEWERS : MAX_DRAINED_FROM_STRANGERS;
  return length !== undefined && Number(length) <= limit;
}

/** Returns true when the headers announce a body (RFC 9112, section 6.3) that is not empty. */
export function hasBody(request: Request): boolean {
  return request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
}

/** Writes a last response to a connection whose HTTP parser has failed, and destroys it after `answerReadableMs`. */
export function endLingering(socket: Duplex, answer: string, answerReadableMs: number): void {
  socket.end(answer);
  stopReading(socket);
  setTimeout(() => socket.destroy(), answerReadableMs).unref();
}

/** Sends `Connection: close` and destroys the socket after `answerReadableMs`. Node would destroy it at once. */
function closeLingering({ socket }: Request, response: Response, answerReadableMs: number): void {
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => socket.end();
  stopReading(socket);
  // Needed even if the body completes: a socket that is not read does not notice that its client has disconnected.
  response.once('finish', () => setTimeout(() => socket.destroy(), answerReadableMs).unref());
}

/** Pauses a socket again whenever something resumes it: after a response Node would drain the rest of the body. */
function stopReading(socket: Duplex): void {
  socket.pause();
  socket.on('resume', () => socket.pause());
}
