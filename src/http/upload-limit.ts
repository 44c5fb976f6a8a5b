import type { RequestHandler, Response } from 'express';
import { LecternError } from '../errors.js';

/**
 * Limits how many uploads of one kind run at the same time on this server, because each takes memory and a connection,
 * or a part of the disk's speed. Further ones are refused before their body is read.
 */
export class UploadLimit {
  private running = 0;

  /**
   * @param max How many may run at the same time.
   * @param what Names them, in the plural, to a client that is refused.
   */
  constructor(
    private readonly max: number,
    private readonly what: string,
  ) {}

  /**
   * Counts an upload until its response was sent or its connection is closed. Call it after all other checks that come
   * before the body, so that uploads which they refuse do not count.
   * Throws SERVICE_UNAVAILABLE when too many run already.
   */
  admit(response: Response): void {
    if (this.running >= this.max) {
      throw new LecternError('SERVICE_UNAVAILABLE', `Too many ${this.what} are running on this server. Try again.`);
    }
    // The client may have disconnected while its token was verified.
    if (response.closed) return;
    this.running += 1;
    response.once('close', () => {
      this.running -= 1;
    });
  }
}

/** Limits multipart requests. */
export function limitUploads(max: number): RequestHandler {
  const limit = new UploadLimit(max, 'uploads');
  return (request, response, next) => {
    if (request.is('multipart/form-data')) limit.admit(response);
    next();
  };
}
