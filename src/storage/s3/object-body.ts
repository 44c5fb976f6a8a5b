import { addAbortSignal, finished, PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { storageUnavailable } from './s3-errors.js';

/** Bytes read ahead of a slow reader. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * The body of an answer as its reader should see it: a broken or silent connection is STORAGE_UNAVAILABLE. Silence
 * counts only while the reader waits; a slow reader may take its time. Destroying it closes the connection.
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
