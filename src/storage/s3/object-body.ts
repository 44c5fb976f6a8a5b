import { addAbortSignal, finished, PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { storageUnavailable } from './s3-errors.js';

/** How many bytes are read ahead when the reader is slow. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * Wraps the body of a response of the store. The stream fails with STORAGE_UNAVAILABLE when the connection breaks, or
 * when the store sends nothing for `idleMs` milliseconds while the reader waits. A slow reader may take any time.
 * Destroying the stream closes the connection.
 * @param signal Aborting destroys the stream.
 */
export function objectBody(source: Readable, idleMs: number, signal: AbortSignal | undefined): Readable {
  const body = new PassThrough({ highWaterMark: READ_AHEAD_BYTES });
  const watch = setTimeout(() => {
    if (body.writableNeedDrain) watch.refresh();
    else body.destroy(storageUnavailable(new Error(`The store sent nothing for ${idleMs} ms.`)));
  }, idleMs);

  source.on('data', () => watch.refresh());
  body.on('drain', () => watch.refresh());
  finished(source, (error) => {
    clearTimeout(watch);
    if (error) body.destroy(storageUnavailable(error));
  });
  body.once('close', () => {
    clearTimeout(watch);
    source.destroy();
  });
  source.pipe(body);
  return signal === undefined ? body : addAbortSignal(signal, body);
}
