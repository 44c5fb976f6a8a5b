import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ObjectNotFoundError, type Storage } from '../../storage/storage.js';

/** What bytes are known by. */
export interface Digest {
  /** In bytes. */
  readonly size: number;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** Reads a stream to its end. `onBytes` hears of every chunk. */
export async function digestOf(stream: Readable, onBytes: (bytes: number) => void): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return { size, sha256: hash.digest('hex') };
}

/** Whether a storage has an object with just these bytes: by its size, then by reading all of it. */
export async function holds(
  storage: Storage,
  key: string,
  expected: Digest,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  if ((await storage.stat(key))?.size !== expected.size) return false;
  try {
    const { size, sha256 } = await digestOf(await storage.open(key, { signal }), onBytes);
    return size === expected.size && sha256 === expected.sha256;
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return false;
    throw error;
  }
}
