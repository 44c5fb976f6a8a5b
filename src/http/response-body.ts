import { finished, Writable } from 'node:stream';
import type { Response } from 'express';
import { freeMemory } from '../storage/free-memory.js';

/**
 * The body of a response, for chunks that nobody else reads. Frees the memory of each as soon as the system has taken it:
 * the garbage collector would let tens of MiB come together, and a download would take up to twice as long. When the
 * connection closes early, it fails with ERR_STREAM_PREMATURE_CLOSE.
 */
export function responseBody(response: Response): Writable {
  const body = new Writable({
    write(chunk: Buffer, _encoding, done) {
      response.write(chunk, (error) => {
        if (error) return; // The connection has closed, and `finished` says so.
        freeMemory(chunk);
        done();
      });
    },
    final(done) {
      response.end(() => done());
    },
    destroy(error, done) {
      if (error) response.destroy();
      done(error);
    },
  });
  finished(response, (error) => {
    if (error) body.destroy(error);
  });
  return body;
}
