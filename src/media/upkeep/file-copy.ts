import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ObjectNotFoundError, type Storage } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import type { UploadBatch } from '../upload-batch.js';
import { digestOf, type Digest } from '../../digest.js';

/** The copy of one file to another storage, under another key. */
export interface Copy {
  readonly file: MediaFile;
  readonly source: Storage;
  readonly target: Storage;
  /** The key of the copy in the target. It must be new. */
  readonly key: string;
  readonly batch: UploadBatch;
  /** Called after the original was opened and right before its bytes are sent. An error it throws ends the copy. */
  readonly beforePut: () => void;
  /** Called with the number of bytes read, first from the source and then again from the copy. */
  readonly onBytes: (bytes: number) => void;
}

/** A file could not be copied or moved, and stays where it is. The message says why, without a subject. */
export class FileLeftError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FileLeftError';
  }
}

/** The size of the buffer between the two storages, in bytes. */
const BUFFER_BYTES = 1024 ** 2;

/**
 * Copies a file to the target under a new key, reads the copy and compares both.
 * Rejects with FileLeftError when the original has another size or SHA-256 than its record says, or when the copy
 * differs from the original.
 */
export async function copyVerified(copy: Copy): Promise<void> {
  const stored = await copyAcross(copy);
  if (!(await isIdentical(copy, stored))) {
    throw new FileLeftError(`its copy in ${copy.target.name} differs from the original`);
  }
}

async function copyAcross({ source, target, key, file, batch, beforePut, onBytes }: Copy): Promise<Digest> {
  const { contentType, size } = file;
  const bytes = await openObject(source, file.key, batch.signal);
  // Without a listener, an abort before the target begins to read would crash the process. `put` reports the error.
  bytes.on('error', () => undefined);
  const hash = createHash('sha256');
  let digest: Digest | undefined;
  async function* measured(): AsyncGenerator<Buffer> {
    let read = 0;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      read += chunk.length;
      if (read > size) break;
      hash.update(chunk);
      batch.heartbeat();
      onBytes(chunk.length);
      yield chunk;
    }
    digest = { size: read, sha256: hash.digest('hex') };
    assertAsRecorded(source, file, digest);
  }
  const body = Readable.from(measured(), { objectMode: false, highWaterMark: BUFFER_BYTES });
  try {
    beforePut();
    await target.put(key, body, { contentType, maxBytes: size, signal: batch.signal });
  } finally {
    body.destroy();
    bytes.destroy();
  }
  if (!digest) throw new Error(`Storage ${target.name} stored "${key}" without reading it to the end.`);
  return digest;
}

/** Reads the copy. Returns true when its size and SHA-256 equal those of the original. */
async function isIdentical({ target, key, batch, onBytes }: Copy, stored: Digest): Promise<boolean> {
  if ((await target.stat(key))?.size !== stored.size) return false;
  const { size, sha256 } = await digestOf(await openObject(target, key, batch.signal), (bytes) => {
    batch.heartbeat();
    onBytes(bytes);
  });
  return size === stored.size && sha256 === stored.sha256;
}

/**
 * Opens an object. Rejects with FileLeftError when it does not exist: if this process was suspended for long, the
 * sweeper may have deleted the copy.
 */
async function openObject(storage: Storage, key: string, signal: AbortSignal): Promise<Readable> {
  try {
    return await storage.open(key, { signal });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new FileLeftError(`it is missing from ${storage.name}`);
    throw error;
  }
}

function assertAsRecorded(source: Storage, file: MediaFile, { size, sha256 }: Digest): void {
  if (size !== file.size) {
    throw new FileLeftError(`its size in ${source.name} is not the ${String(file.size)} bytes of its record`);
  }
  if (file.sha256 !== undefined && sha256 !== file.sha256) {
    throw new FileLeftError(`its SHA-256 in ${source.name} is not that of its record`);
  }
}
