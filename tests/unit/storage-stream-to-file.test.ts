import { randomUUID } from 'node:crypto';
import type * as Fs from 'node:fs';
import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { streamToFile } from '../../src/storage/local/stream-to-file.js';
import { waitUntil } from '../support/patience.js';

/** Writes that the disk has not made yet. */
const held: (() => void)[] = [];
let holds = false;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const write = (...given: Parameters<typeof fs.write>): void => {
    const make = (): void => fs.write(...given);
    if (holds) held.push(make);
    else make();
  };
  return { ...fs, write };
});

describe('streamToFile', () => {
  const path = join(tmpdir(), `lectern-stream-${randomUUID()}`);
  let handle: FileHandle;

  beforeEach(async () => (handle = await open(path, 'w+')));
  afterEach(async () => {
    holds = false;
    await handle.close();
    await rm(path);
  });

  const optionsOf = (signal: AbortSignal) => ({ signal, bufferBytes: 1024, sync: () => handle.sync() });

  it('writes all bytes and leaves the file open', async () => {
    const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(700, i));
    await streamToFile(handle, Readable.from(chunks), optionsOf(new AbortController().signal));
    expect(await readFile(path)).toEqual(Buffer.concat(chunks));
    expect((await handle.stat()).size).toBe(35_000);
  });

  it('writes from a start, over what is there', async () => {
    await handle.write('0123456789');
    const options = { ...optionsOf(new AbortController().signal), start: 4 };
    await streamToFile(handle, Readable.from([Buffer.from('abc')]), options);
    expect(await readFile(path, 'utf8')).toBe('0123abc789');
  });

  const left = new Error('The client has left.');
  const untilRefused = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      if (chunk.equals(Buffer.from('refused'))) throw left;
      yield chunk;
    }
  };
  it.each([
    ['the caller aborts', (_body: Readable, caller: AbortController) => caller.abort(left), {}],
    ['the body fails', (body: Readable) => body.destroy(left), {}],
    ['the check refuses the bytes', (body: Readable) => body.push('refused'), { check: untilRefused }],
  ])(
    'waits for a running write when %s: its descriptor may name another file afterwards',
    async (_when, fail, more) => {
      holds = true;
      const caller = new AbortController();
      const body = new Readable({ read: () => undefined });
      body.push('late');
      let hasEnded = false;
      const options = { ...optionsOf(caller.signal), ...more };
      const writing = streamToFile(handle, body, options).finally(() => (hasEnded = true));
      await waitUntil(() => held.length > 0);
      fail(body, caller);
      for (let turns = 0; turns < 10; turns++) await setImmediate();
      expect(hasEnded).toBe(false);
      held.splice(0).forEach((make) => make());
      await expect(writing).rejects.toBe(left);
      expect(await readFile(path, 'utf8')).toBe('late');
    },
  );
});
