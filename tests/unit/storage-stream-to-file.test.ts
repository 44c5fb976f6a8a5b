import { randomBytes, randomUUID } from 'node:crypto';
import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blockBytes } from '../../src/storage/local/block-writer.js';
import { streamToFile } from '../../src/storage/local/stream-to-file.js';
import { waitUntil } from '../support/patience.js';

describe('streamToFile', () => {
  const path = join(tmpdir(), `lectern-stream-${randomUUID()}`);
  let handle: FileHandle;

  beforeEach(async () => (handle = await open(path, 'w+')));
  afterEach(async () => {
    await handle.close();
    await rm(path);
  });

  const optionsOf = (signal: AbortSignal) => ({ signal, sync: () => handle.sync() });
  const never = new AbortController().signal;

  it('writes all bytes and leaves the file open', async () => {
    // Chunks of several sizes, none of which divides a block, and one that is larger than two blocks.
    const sizes = [...Array.from({ length: 50 }, (_, i) => 70_000 - i), 3 * blockBytes(1) + 7, 1];
    const chunks = sizes.map((size) => randomBytes(size));
    const whole = Buffer.concat(chunks);
    await streamToFile(handle, Readable.from(chunks), optionsOf(never));
    expect((await readFile(path)).equals(whole)).toBe(true);
    expect((await handle.stat()).size).toBe(whole.length);
    expect(Buffer.concat(chunks).equals(whole)).toBe(true);
  });

  it('writes from a start, over what is there', async () => {
    await handle.write('0123456789');
    const options = { ...optionsOf(never), start: 4 };
    await streamToFile(handle, Readable.from([Buffer.from('abc')]), options);
    expect(await readFile(path, 'utf8')).toBe('0123abc789');
  });

  it('writes the rest when the disk writes a part of a block', async () => {
    const bytes = randomBytes(100_000);
    const writing = writesOf(handle, (write, ...[block, offset, length, position]) =>
      write(block, offset, Math.min(length, 30_001), position),
    );
    await streamToFile(writing, Readable.from([bytes]), optionsOf(never));
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('rejects with STORAGE_UNAVAILABLE when the disk is full, and with the first error', async () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const writing = writesOf(handle, () => Promise.reject(full));
    const body = Readable.from(Array.from({ length: 40 }, () => randomBytes(100_000)));
    const refusal = { code: 'STORAGE_UNAVAILABLE', cause: full };
    await expect(streamToFile(writing, body, optionsOf(never))).rejects.toMatchObject(refusal);
    expect(body.destroyed).toBe(true);
  });

  it('rejects when the disk writes nothing, instead of trying for ever', async () => {
    const writing = writesOf(handle, (_write, block) => Promise.resolve({ bytesWritten: 0, buffer: block }));
    await expect(streamToFile(writing, Readable.from([Buffer.from('x')]), optionsOf(never))).rejects.toThrow('nothing');
  });

  it('frees the memory of chunks that it owns, and of no others', async () => {
    const chunks = (): Buffer[] => Array.from({ length: 64 }, (_, i) => Buffer.alloc(65_536, i));
    const kept = chunks();
    await streamToFile(handle, Readable.from(kept), optionsOf(never));
    expect(kept.map(({ length }) => length)).toEqual(kept.map(() => 65_536));

    const owned = chunks();
    await streamToFile(handle, Readable.from(owned), { ...optionsOf(never), ownsChunks: true });
    expect(owned.slice(0, 32).map(({ length }) => length)).toEqual(Array.from({ length: 32 }, () => 0));
    expect((await readFile(path)).equals(Buffer.concat(kept))).toBe(true);
  });

  it('uses smaller blocks when more files are written at once', () => {
    const files = [1, 8, 9, 50, 128, 10_000];
    expect(files.map(blockBytes)).toEqual([1_048_576, 1_048_576, 524_288, 131_072, 65_536, 65_536]);
  });

  it('ends when it is aborted while a chunk waits for the disk', async () => {
    const { holding, held } = holdingWritesOf(handle);
    const caller = new AbortController();
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(5 * blockBytes(1)));
    const writing = streamToFile(holding, body, optionsOf(caller.signal));
    await waitUntil(() => held.length > 0);
    caller.abort(new Error('stop'));
    for (let turns = 0; turns < 10; turns++) await setImmediate();
    held.splice(0).forEach((make) => make());
    await expect(writing).rejects.toThrow('stop');
    for (let turns = 0; turns < 10; turns++) await setImmediate();
    expect(held).toEqual([]);
  });

  const left = new Error('The client has left.');
  const untilRefused = (): Transform =>
    new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (chunk.equals(Buffer.from('refused'))) done(left);
        else done(null, chunk);
      },
    });
  it.each([
    ['the caller aborts', (_body: Readable, caller: AbortController) => caller.abort(left), {}],
    ['the body fails', (body: Readable) => body.destroy(left), {}],
    ['the check refuses the bytes', (body: Readable) => body.push('refused'), { check: untilRefused() }],
  ])(
    'waits for a running write when %s: its descriptor may name another file afterwards',
    async (_when, fail, more) => {
      const { holding, held } = holdingWritesOf(handle);
      const caller = new AbortController();
      const body = new Readable({ read: () => undefined });
      const late = randomBytes(blockBytes(1));
      body.push(late);
      let hasEnded = false;
      const options = { ...optionsOf(caller.signal), ...more };
      const writing = streamToFile(holding, body, options).finally(() => (hasEnded = true));
      await waitUntil(() => held.length > 0);
      fail(body, caller);
      for (let turns = 0; turns < 10; turns++) await setImmediate();
      expect(hasEnded).toBe(false);
      held.splice(0).forEach((make) => make());
      await expect(writing).rejects.toBe(left);
      expect((await readFile(path)).equals(late)).toBe(true);
    },
  );
});

type Write = (
  block: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesWritten: number; buffer: Buffer }>;

/** The file with other writes. */
function writesOf(handle: FileHandle, write: (original: Write, ...given: Parameters<Write>) => unknown): FileHandle {
  const original: Write = (...given) => handle.write(...given);
  return new Proxy(handle, {
    get: (target, name) => {
      if (name === 'write') return (...given: Parameters<Write>) => write(original, ...given);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The file with writes that wait until they are called from `held`. */
function holdingWritesOf(handle: FileHandle): { holding: FileHandle; held: (() => void)[] } {
  const held: (() => void)[] = [];
  const holding = writesOf(handle, async (write, ...given) => {
    await new Promise<void>((resolve) => held.push(resolve));
    return write(...given);
  });
  return { holding, held };
}
