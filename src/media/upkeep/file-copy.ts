import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ObjectNotFoundError, type Storage } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import type { UploadBatch } from '../upload-batch.js';
import { digestOf, type Digest } from './digest.js';

/** A copy of one file's bytes under another key in another storage. */
export interface Copy {
  readonly file: MediaFile;
  readonly source: Storage;
  readonly target: Storage;
  /** The key in the target. No object has had it before. */
  readonly key: string;
  readonly batch: UploadBatch;
  /** Is called when the original is open and its bytes are about to be sent. What it throws ends the copy. */
  readonly beforePut: () => void;
  /** Is told of the bytes that were read: each once from the source, and once when the copy is read back. */
  readonly onBytes: (bytes: number) => void;
}

/** A file stays where it is. The message says why, for people. */
export class FileLeftError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FileLeftError';
  }
}

/** How many bytes may wait between the two storages. */
const BUFFER_BYTES = 1024 ** 2;

/**
 * Stores the bytes of a file under a new key and reads them back. Rejects with FileLeftError when the source is not
 * what the record says (size, SHA-256), or when the copy reads back differently.
 */
export async function copyVerified(copy: Copy): Promise<void> {
  const stored = await copyAcross(copy);
  if (!(await readsBack(copy, stored))) {
    throw new FileLeftError(`what was written to ${copy.target.name} read back differently`);
  }
}

async function copyAcross({ source, target, key, file, batch, beforePut, onBytes }: Copy): Promise<Digest> {
  const { contentType, size } = file;
  const bytes = await openObject(source, file.key, batch.signal);
  // An abort before the target has begun to read: the error reaches us through `put`.
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
  if (!digest) throw new Error(`Storage ${target.name} stored "${key}" without reading all of it.`);
  return digest;
}

/** Whether the target holds just these bytes under the key. */
async function readsBack({ target, key, batch, onBytes }: Copy, stored: Digest): Promise<boolean> {
  if ((await target.stat(key))?.size !== stored.size) return false;
  const { size, sha256 } = await digestOf(await openObject(target, key, batch.signal), (bytes) => {
    batch.heartbeat();
    onBytes(bytes);
  });
  return size === stored.size && sha256 === stored.sha256;
}

/** Rejects with FileLeftError when the object is missing: the sweeper may have deleted the copy of a run that slept. */
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
    throw new FileLeftError(`in ${source.name} it has not the ${String(file.size)} bytes of its record`);
  }
  if (file.sha256 !== undefined && sha256 !== file.sha256) {
    throw new FileLeftError(`in ${source.name} its SHA-256 is not that of its record`);
  }
}
