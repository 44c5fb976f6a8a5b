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

/**
 * A request that was answered before all of its body was read. A small rest is read, so that the connection serves the
 * next request; Node would read any rest, however long. Of a longer one nothing more is read: the answer says that the
 * connection closes, and stays readable for a second, which a client that is still writing needs, before the socket goes.
 */
export const releaseUnreadBody: RequestHandler = (request, response, next) => {
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

/** Whether the whole body, by its announced length, is short enough to be read for nothing. */
function isShort(request: Request): boolean {
  const length = request.get('content-length');
  return length !== undefined && Number(length) <= (isSignedIn(request) ? SHORT_FOR_VIEWERS : SHORT_FOR_STRANGERS);
}

/** Node closes a connection at once when it has said so; here the closing is left to the timer above. */
function closeLingering({ socket }: Request, response: Response): void {
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => socket.end();
}
