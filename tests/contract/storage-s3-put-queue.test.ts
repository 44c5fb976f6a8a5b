import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { PUTS_AT_ONCE } from '../../src/storage/s3/put-queue.js';
import type { Storage } from '../../src/storage/storage.js';
import { hanging, passing, type S3Proxy } from '../support/s3-proxy.js';
import { generated } from './storage-bodies.js';
import { s3Server, s3Storage, useBrokenWay } from './storage-s3-bucket.js';
import { newKey, putOptions } from './storage.contract.js';

const SIZE = 1_000;
const isPut = ({ method }: IncomingMessage): boolean => method === 'PUT';

describe.skipIf(s3Server === null)('S3 storage: many puts at once', () => {
  let bucket: string;
  let proxy: S3Proxy;
  let storage: Storage;

  useBrokenWay((made) => ({ bucket, proxy, storage } = made));

  const putMany = (count: number, to = storage): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled(Array.from({ length: count }, () => to.put(newKey(), generated(SIZE), putOptions())));
  const putsSent = (): number => proxy.requests.filter((request) => request.startsWith('PUT')).length;

  /** Holds PUTs back until there are PUTS_AT_ONCE of them and `release` is called. Returns how many ran at most. */
  function holdPuts(): { readonly full: Promise<void>; release: () => void; most: () => number } {
    let running = 0;
    let most = 0;
    let isReleased = false;
    const held: (() => void)[] = [];
    let resolve = (): void => undefined;
    const full = new Promise<void>((resolved) => (resolve = resolved));
    proxy.intercept = (request, response, { pass }) => {
      if (!isPut(request)) return false;
      most = Math.max(most, ++running);
      response.once('close', () => (running -= 1));
      if (isReleased) return false;
      if (held.push(pass) === PUTS_AT_ONCE) resolve();
      return true;
    };
    const release = (): void => {
      isReleased = true;
      for (const pass of held) pass();
    };
    return { full, release, most: () => most };
  }

  test('wait for their turn without a time-out, however many there are', async () => {
    const { full, release, most } = holdPuts();
    const putting = putMany(4 * PUTS_AT_ONCE);
    await full;
    release();
    expect((await putting).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(most()).toBe(PUTS_AT_ONCE);
  });

  test('end their waiting when their signal aborts', async () => {
    const { full, release } = holdPuts();
    const putting = putMany(PUTS_AT_ONCE);
    await full;
    const leaving = new AbortController();
    const key = newKey();
    const waiting = storage.put(key, generated(SIZE), { ...putOptions(), signal: leaving.signal });
    leaving.abort(new Error('The client is gone.'));
    await expect(waiting).rejects.toThrow('The client is gone.');
    release();
    await putting;
    expect(putsSent()).toBe(PUTS_AT_ONCE);
    await storage.put(key, generated(SIZE), putOptions());
  });

  test('fail together when the store has stopped answering, and run again when it is back', async () => {
    const impatient = s3Storage(bucket, {
      endpoint: proxy.endpoint,
      timings: { s3Connect: 2_000, s3Idle: 2_000, s3GiveUp: 300 },
    });
    proxy.intercept = hanging;
    const outcomes = await putMany(3 * PUTS_AT_ONCE, impatient);
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as unknown)).toEqual(
      Array.from(outcomes, () => expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' })),
    );
    // Two attempts of each that had its turn.
    expect(putsSent()).toBe(2 * PUTS_AT_ONCE);
    proxy.intercept = passing;
    await impatient.put(newKey(), generated(SIZE), putOptions());
    await impatient.close();
  });
});
