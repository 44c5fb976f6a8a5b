import type { RequestHandler } from 'express';
import { LecternError } from '../errors.js';

/**
 * Limits how many uploads run at the same time on this server, because each takes memory and a connection to the
 * storage. Refuses further ones with SERVICE_UNAVAILABLE before the body is read. Comes after the guards, so that
 * uploads which they refuse do not count.
 */
export function limitUploads(max: number): RequestHandler {
  let running = 0;
  return (request, response, next) => {
    if (!request.is('multipart/form-data')) {
      next();
      return;
    }
    if (running >= max) {
      throw new LecternError('SERVICE_UNAVAILABLE', 'Too many uploads are running on this server. Try again.');
    }
    running += 1;
    const ended = (): void => {
      running -= 1;
    };
    // The client may have disconnected while its token was verified.
    if (response.closed) ended();
    else response.once('close', ended);
    next();
  };
}
