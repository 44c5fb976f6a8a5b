import type { RequestHandler } from 'express';
import { LecternError } from '../errors.js';

/**
 * Lets at most `max` uploads run at once on this server: each takes memory and a connection to the storage. One more is
 * refused with SERVICE_UNAVAILABLE. Behind the guards, so that only uploads that would be taken count, and before
 * the body is read.
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
    // A client may have left while its token was verified.
    if (response.closed) ended();
    else response.once('close', ended);
    next();
  };
}
