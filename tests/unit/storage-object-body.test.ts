import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { objectBody } from '../../src/storage/s3/object-body.js';

const IDLE_MS = 7_000;

describe('the body of an S3 object', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('waits for a slow reader without limit, and fails when the store sends nothing in time', async () => {
    const source = new PassThrough({ highWaterMark: 64 * 1024 });
    const body = objectBody(source, IDLE_MS, undefined);
    const failure = new Promise((resolve) => body.once('error', resolve));
    source.write(Buffer.alloc(1024 * 1024));
    await turn();
    vi.advanceTimersByTime(100 * IDLE_MS);
    expect(body.destroyed).toBe(false);

    body.resume();
    await turn();
    vi.advanceTimersByTime(IDLE_MS + 1);
    expect(await failure).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(source.destroyed).toBe(true);
  });

  test('leaves no timer and no connection behind, whether it was read or destroyed', async () => {
    for (const end of [(body: PassThrough) => body.end('x'), () => undefined]) {
      const source = new PassThrough();
      const body = objectBody(source, IDLE_MS, undefined).resume();
      end(source);
      await turn();
      body.destroy();
      await turn();
      expect(source.destroyed).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test('fails with STORAGE_UNAVAILABLE on a broken connection, and with AbortError when its reader aborts', async () => {
    const broken = new PassThrough();
    const body = objectBody(broken, IDLE_MS, undefined);
    const failure = new Promise((resolve) => body.once('error', resolve));
    broken.destroy(new Error('ECONNRESET'));
    expect(await failure).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { message: 'ECONNRESET' } });

    const reader = new AbortController();
    const aborted = objectBody(new PassThrough(), IDLE_MS, reader.signal);
    const end = new Promise((resolve) => aborted.once('error', resolve));
    reader.abort();
    expect(await end).toMatchObject({ name: 'AbortError' });
  });
});
