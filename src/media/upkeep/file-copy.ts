import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ObjectNotFoundError, type Storage } from '../../storage/storage.js';
import type { MediaFile } from '../media-file.model.js';
import type { Place } from '../slot-owner.js';
import type { UploadBatch } from '../upload-batch.js';
import { digestOf, holds, type Digest } from './digest.js';

/** A file and where its owner has it. */
export interface LocatedFile {
  readonly place: Place;
  readonly file: MediaFile;
}

/** The move of one file. */
export interface Move extends LocatedFile {
  readonly source: Storage;
  readonly target: Storage;
  readonly signal: AbortSignal;
  /** Hears of the bytes that were read: each once on its way, and once when the copy is read back. */
  readonly onBytes: (bytes: number) => void;
}

/** A file that stays where it is. The message says why, for people. */
export class FileLeftError extends Error {
  constructor(
    message: string,
    /** What lies under the key in the target is not this migration's to remove. */
    readonly foreignObject = false,
  ) {
    super(message);
    this.name = 'FileLeftError';
  }
}

/** How many bytes may wait between the two storages. */
const BUFFER_BYTES = 1024 ** 2;

/** Streams the file across. Nothing becomes visible in the target unless the source is what its record says. */
export async function copyAcross({ source, target, file, onBytes }: Move, batch: UploadBatch): Promise<Digest> {
  const { key, contentType, size } = file;
  const bytes = await openOriginal(source, key, batch.signal);
  const hash = createHash('sha256');
  let digest: Digest | undefined;
  async function* measured(): AsyncGenerator<Buffer> {
    let read = 0;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      read += chunk.length;
      if (read > size) break;
      hash.update(chunk);
      batch.moved();
      onBytes(chunk.length);
      yield chunk;
    }
    digest = { size: read, sha256: hash.digest('hex') };
    assertAsRecorded(source, file, digest);
  }
  const body = Readable.from(measured(), { objectMode: false, highWaterMark: BUFFER_BYTES });
  try {
    await target.put(key, body, { contentType, maxBytes: size, signal: batch.signal });
  } finally {
    body.destroy();
    bytes.destroy();
  }
  if (!digest) throw new Error(`Storage ${target.name} stored "${key}" without reading all of it.`);
  return digest;
}

/** What a copy has to be: by the record, or where that has no checksum by the original itself. */
export async function wantedDigest({ source, file }: Move, batch: UploadBatch): Promise<Digest> {
  if (file.sha256 !== undefined) return { size: file.size, sha256: file.sha256 };
  const stream = await openOriginal(source, file.key, batch.signal);
  const digest = await digestOf(stream, batch.moved);
  assertAsRecorded(source, file, digest);
  return digest;
}

/** Reads the copy back from the target. */
export async function isWhole({ target, file, onBytes }: Move, wanted: Digest, batch: UploadBatch): Promise<boolean> {
  return holds(target, file.key, wanted, batch.signal, (bytes) => {
    batch.moved();
    onBytes(bytes);
  });
}

async function openOriginal(source: Storage, key: string, signal: AbortSignal): Promise<Readable> {
  try {
    return await source.open(key, { signal });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new FileLeftError(`it is missing from ${source.name}`);
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
