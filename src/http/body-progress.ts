import type { Duplex } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import { isSignedIn } from './identity.js';

/** How often progress is looked at within the time that a body may stall. */
const LOOKS_PER_STALL = 4;
/** How much of a refused body is read and thrown away, in bytes, so that its connection can be used again. */
const SHORT_FOR_STRANGERS = 64 * 1024;
const SHORT_FOR_VIEWERS = 1024 ** 2;

/** How long a body may take. */
export interface BodyTimes {
  /** How long no byte may arrive while we wait for one, in milliseconds. */
  readonly stallMs: number;
  /** From the head of the request to the last byte of the body, in milliseconds. */
  readonly totalMs: number;
}

/**
 * Calls `giveUp` once, with a sentence for the client, when the body of a request stalls or takes too long in all.
 * While we do not read the body, because the storage is slower than the client, it does not stall.
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
      end(`No byte of the request arrived for ${inSeconds(stallMs)}, so it was given up.`);
    }
  }, stallMs / LOOKS_PER_STALL);
  const total = setTimeout(() => {
    end(isOver() ? undefined : `The request did not arrive completely within ${inSeconds(totalMs)}.`);
  }, totalMs);
  request.once('close', () => end());
}

function inSeconds(ms: number): string {
  return ms === 1_000 ? '1 second' : `${String(ms / 1_000)} seconds`;
}

/** Requests whose client sends the body only after `100 Continue` (RFC 9110, section 10.1.1), which was not sent yet. */
const waitingForContinue = new WeakSet<Request>();

/** Sends `100 Continue` to a client that waits for it. Called behind the guards, before a parser reads. */
export function askForBody(request: Request, response: Response): void {
  if (waitingForContinue.delete(request)) response.writeContinue();
}

/**
 * Reads no byte of a body before a parser asks for it. If we answer before the body is complete: drain it when it is
 * short, so that keep-alive works; otherwise send `Connection: close`, stop reading, and destroy the socket after
 * `answerReadableMs` milliseconds. That time lets a client that is still writing read the answer. Node would drain a body
 * of any length.
 */
export const releaseUnreadBody =
  (answerReadableMs: number): RequestHandler =>
  (request, response, next) => {
    if (request.httpVersion === '1.1' && /^100-continue$/i.test(request.get('expect') ?? ''))
      waitingForContinue.add(request);
    // Node resumes the socket by itself when the body is read, and when all of it has arrived already.
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

/** Whether the whole body will come and, by its Content-Length, is short enough to be drained. */
function isShort(request: Request): boolean {
  if (!hasBody(request)) return true;
  if (waitingForContinue.has(request)) return false;
  const length = request.get('content-length');
  return length !== undefined && Number(length) <= (isSignedIn(request) ? SHORT_FOR_VIEWERS : SHORT_FOR_STRANGERS);
}

/** Whether a request announces a body (RFC 9112, section 6.3). One of no bytes is none. */
export function hasBody(request: Request): boolean {
  return request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
}

/** Writes a last answer to a connection that the HTTP parser has given up, and destroys it a little later. */
export function endLingering(socket: Duplex, answer: string, answerReadableMs: number): void {
  socket.end(answer);
  stopReading(socket);
  setTimeout(() => socket.destroy(), answerReadableMs).unref();
}

/** After `Connection: close` Node destroys the socket at once; this destroys it a little later. */
function closeLingering({ socket }: Request, response: Response, answerReadableMs: number): void {
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => socket.end();
  stopReading(socket);
  // Also when the body completes meanwhile: a socket that is not read from does not notice that its client has left.
  response.once('finish', () => setTimeout(() => socket.destroy(), answerReadableMs).unref());
}

/** Keeps a socket paused, whatever resumes it: after an answer Node would drain the rest of a body. */
function stopReading(socket: Duplex): void {
  socket.pause();
  socket.on('resume', () => socket.pause());
}
