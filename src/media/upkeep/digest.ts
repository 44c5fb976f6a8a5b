import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** The size and checksum of bytes. */
export interface Digest {
  /** In bytes. */
  readonly size: number;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** Reads a stream to its end. `onBytes` is told the length of every chunk. */
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
