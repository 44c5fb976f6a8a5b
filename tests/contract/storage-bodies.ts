import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

export const MIB = 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** Bytes that differ at each possible start of a part, so that swapped or repeated parts are noticed. */
export function* chunksOf(size: number): Generator<Buffer> {
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - offset), offset / CHUNK_BYTES);
    if (chunk.length >= 8) chunk.writeDoubleBE(offset);
    yield chunk;
  }
}

export function generated(size: number): Readable {
  return Readable.from(chunksOf(size), { objectMode: false });
}

/** A body that fails with `error` after `size` bytes. */
export function breakingAfter(size: number, error: Error): Readable {
  return Readable.from(
    (function* () {
      yield* chunksOf(size);
      throw error;
    })(),
    { objectMode: false },
  );
}

/** A body that gives `size` bytes, resolves `paused` when they were read, and ends after `release()`. */
export function pausingAfter(size: number): { body: Readable; paused: Promise<void>; release: () => void } {
  let reach = (): void => undefined;
  const paused = new Promise<void>((resolve) => (reach = resolve));
  const chunks = chunksOf(size);
  const body = new Readable({
    read() {
      const { value } = chunks.next();
      if (value) this.push(value);
      else reach();
    },
  });
  const release = (): void => {
    body.push('the end');
    body.push(null);
  };
  return { body, paused, release };
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function textOf(stream: Readable): Promise<string> {
  return (await bytesOf(stream)).toString();
}

export async function sha256Of(stream: AsyncIterable<unknown> | Iterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
