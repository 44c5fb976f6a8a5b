import type { FileHandle } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BlockWriter } from './block-writer.js';
import { onDisk, translateDiskError } from './disk-errors.js';

export interface StreamToFileOptions {
  readonly signal: AbortSignal;
  /** Where the first byte is written. Absent: at the beginning. */
  readonly start?: number;
  /** As in PutOptions. */
  readonly ownsChunks?: boolean;
  /** Passes the bytes on, and fails to refuse them. */
  readonly check?: Transform;
  /** Makes the bytes survive a power failure. */
  readonly sync: () => Promise<void>;
}

/**
 * Writes a body to an open file, which stays open, and syncs it. Rejects with the body's own error, the error of `check`,
 * the signal's reason or the disk's error (translated).
 */
export async function streamToFile(handle: FileHandle, body: Readable, options: StreamToFileOptions): Promise<void> {
  const { signal, start = 0, ownsChunks = false, check, sync } = options;
  const file = new BlockWriter(handle, { start, ownsChunks });
  let fileError: unknown;
  // This runs before `pipeline` destroys the streams: unless the body failed or the caller aborted, the disk failed or
  // `check` has refused the bytes.
  file.once('error', (error) => {
    if (!body.readableAborted && !signal.aborted) fileError = error;
  });
  try {
    await (check ? pipeline(body, check, file, { signal }) : pipeline(body, file, { signal }));
    await onDisk(sync);
  } catch (error) {
    if (fileError !== undefined) throw translateDiskError(fileError);
    signal.throwIfAborted();
    throw error;
  } finally {
    await closed(file.destroy());
  }
}

/**
 * Waits until a destroyed stream has ended the write that was running. If the caller closed the descriptor before, the
 * system could give its number to another file, and the bytes would be written into that.
 */
function closed(file: BlockWriter): Promise<void> {
  return file.closed ? Promise.resolve() : new Promise((resolve) => file.once('close', resolve));
}
