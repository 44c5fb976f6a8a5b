import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** The size and the checksum of some bytes. */
export interface Digest {
  /** In bytes. */
  readonly size: number;
  /** In lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads a stream to its end and returns its digest.
 * @param onBytes Called with the length of every chunk, in bytes.
 */
export async function digestOf(stream: Readable, onBytes?: (bytes: number) => void): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    hash.update(chunk);
    onBytes?.(chunk.length);
  }
  return { size, sha256: hash.digest('hex') };
}
