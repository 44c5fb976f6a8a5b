import type { Duplex } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import { isSignedIn } from './identity.js';

/** How often progress is looked at within the time a body may stall. */
const LOOKS_PER_STALL = 4;
/** How much of a refused body is read for nothing, in bytes, so that its connection can go on. */
const SHORT_FOR_STRANGERS = 64 * 1024;
const SHORT_FOR_VIEWERS = 1024 ** 2;
/** How long the answer to a request stays readable when the rest of its body is not wanted, in milliseconds. */
const ANSWER_READABLE_MS = 1_000;

/**
 * Calls `stalled` once when a body that is being read brings no byte for so long. A body that we do not read at the
 * moment, because the storage is slower than the client, does not stall.
 */
export function onStall(request: Request, stallMs: number, stalled: () => void): void {
  let seenBytes = request.socket.bytesRead;
  let seenAt = Date.now();
  const watch = setInterval(() => {
    const bytes = request.socket.bytesRead;
    if (request.complete || request.destroyed) {
      clearInterval(watch);
    } else if (bytes !== seenBytes || request.isPaused()) {
      seenBytes = bytes;
      seenAt = Date.now();
    } else if (Date.now() - seenAt >= stallMs) {
      clearInterval(watch);
      stalled();
    }
  }, stallMs / LOOKS_PER_STALL);
  request.once('close', () => clearInterval(watch));
}

/** The requests whose client waits for a word before it sends the body (RFC 9110, section 10.1.1), and has not had it. */
const waitingForContinue = new WeakSet<Request>();

/** Tells a client that waits for it that the body is wanted. Behind the guards, before a parser reads. */
export function askForBody(request: Request, response: Response): void {
  if (waitingForContinue.delete(request)) response.writeContinue();
}

/**
 * Reads no byte of a body before somebody asks for it, and cares for one that was answered before all of it was read.
 * A small rest is read, so that the connection serves the next request; Node would read any rest, however long. Of a
 * longer one nothing more is read: the answer says that the connection closes, and stays readable for a second, which a
 * client that is still writing needs, before the socket goes.
 */
export const releaseUnreadBody: RequestHandler = (request, response, next) => {
  if (request.httpVersion === '1.1' && /^100-continue$/i.test(request.get('expect') ?? ''))
    waitingForContinue.add(request);
  // Node goes on by itself when the body is read, and when it has all come already.
  request.socket.pause();
  onHeaders(response, () => {
    if (!request.complete && !isShort(request)) closeLingering(request, response);
  });
  response.once('finish', () => {
    if (request.complete) return;
    request.unpipe();
    if (isShort(request)) request.resume();
    else request.pause();
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, ANSWER_READABLE_MS).unref();
  });
  next();
};

/** Whether the whole body, by its announced length, comes and is short enough to be read for nothing. */
function isShort(request: Request): boolean {
  if (waitingForContinue.has(request)) return false;
  const length = request.get('content-length');
  return length !== undefined && Number(length) <= (isSignedIn(request) ? SHORT_FOR_VIEWERS : SHORT_FOR_STRANGERS);
}

/** Ends a connection that the HTTP parser has given up: the last words stay readable for as long. */
export function endLingering(socket: Duplex, lastWords: string): void {
  socket.end(lastWords);
  stopReading(socket);
  setTimeout(() => socket.destroy(), ANSWER_READABLE_MS).unref();
}

/** Node closes a connection at once when it has said so; here it is a second later. */
function closeLingering({ socket }: Request, response: Response): void {
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => socket.end();
  stopReading(socket);
  // Whatever of the body comes meanwhile: a connection that is not read from does not notice that its client has gone.
  response.once('finish', () => setTimeout(() => socket.destroy(), ANSWER_READABLE_MS).unref());
}

/** Whoever asks: after an answer Node would let the rest of a body flow by. */
function stopReading(socket: Duplex): void {
  socket.pause();
  socket.on('resume', () => socket.pause());
}
