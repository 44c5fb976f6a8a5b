import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { HashingThread, startThread, type StreamHash } from '../../src/media/content/hashing-thread.js';
import { sha256 } from '../support/download.js';
import { waitUntil } from '../support/patience.js';

const started: Worker[] = [];
/** True while threads get no messages, so that they do nothing. */
let deaf = false;
function thread(memory: SharedArrayBuffer): Worker {
  const worker = startThread(memory);
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message) => {
    if (!deaf) post(message);
  };
  started.push(worker);
  return worker;
}

const MiB = 1024 ** 2;

let hashing: HashingThread;
const newHashing = (): HashingThread => (hashing = new HashingThread(thread));
afterEach(async () => {
  await hashing.close();
  started.length = 0;
  deaf = false;
});

/** Adds bytes in chunks of some size, each in memory that is overwritten as soon as it may be. */
async function addInChunks(hash: StreamHash, bytes: Buffer, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    const room = hash.update(chunk);
    if (room) await room;
    chunk.fill(0);
  }
}

describe('HashingThread', () => {
  it.each([
    ['no bytes', 0, 1],
    ['one byte', 1, 1],
    ['the last size for the main thread', 131_072, 10_000],
    ['the first size for the thread', 131_073, 10_000],
    ['one chunk larger than the ring', 9 * MiB + 1, 9 * MiB + 1],
    ['more than the ring, in chunks of a socket', 9 * MiB + 1, 65_536],
    ['many small chunks', 300_000, 7],
  ])('computes the SHA-256 of %s', async (_what, size, chunk) => {
    const hash = newHashing().newHash();
    const bytes = randomBytes(size);
    await addInChunks(hash, bytes, chunk);
    expect(await hash.digest()).toBe(sha256(bytes));
  });

  it('starts no thread for small streams', async () => {
    newHashing();
    await Promise.all(Array.from({ length: 10 }, () => addInChunks(hashing.newHash(), randomBytes(100_000), 1_000)));
    expect(started).toEqual([]);
  });

  it('keeps streams apart that add bytes at the same time and wait for room', async () => {
    newHashing();
    const streams = Array.from({ length: 40 }, (_, i) => ({ bytes: randomBytes(MiB + i), hash: hashing.newHash() }));
    // Some are given up on the way.
    const givenUp = streams.filter((_, i) => i % 4 === 3);
    await Promise.all(
      streams.map(async ({ bytes, hash }, i) => {
        await addInChunks(
          hash,
          givenUp.some((other) => other.hash === hash) ? bytes.subarray(0, 500_000) : bytes,
          60_000 + i,
        );
      }),
    );
    for (const { hash } of givenUp) hash.forget();
    const whole = streams.filter((stream) => !givenUp.includes(stream));
    const digests = await Promise.all(whole.map(({ hash }) => hash.digest()));
    expect(digests).toEqual(whole.map(({ bytes }) => sha256(bytes)));
    expect(started).toHaveLength(1);
  });

  it('fails the streams of a thread that ends, and starts another one for the next', async () => {
    newHashing();
    const [first, second] = [hashing.newHash(), hashing.newHash()];
    await addInChunks(first, randomBytes(6 * MiB), 65_536);
    await addInChunks(second, randomBytes(6 * MiB), 65_536);
    deaf = true;
    const lost = expect(first.digest()).rejects.toThrow('has failed');
    await started[0]?.terminate();
    await lost;
    await expect(addInChunks(second, randomBytes(6 * MiB), 65_536)).rejects.toThrow('has failed');
    await expect(second.digest()).rejects.toThrow('has failed');
    second.forget();

    deaf = false;
    const [third, bytes] = [hashing.newHash(), randomBytes(6 * MiB)];
    await addInChunks(third, bytes, 65_536);
    expect(await third.digest()).toBe(sha256(bytes));
    expect(started).toHaveLength(2);
  });

  it('fails streams that wait for room when the thread ends', async () => {
    newHashing();
    deaf = true;
    const hashes = Array.from({ length: 20 }, () => hashing.newHash());
    const adding = hashes.map((hash) => addInChunks(hash, randomBytes(2 * MiB), 65_536));
    const outcomes = Promise.allSettled(adding);
    await waitUntil(() => started.length > 0);
    await started[0]?.terminate();
    expect((await outcomes).map(({ status }) => status)).toEqual(hashes.map(() => 'rejected'));
  });
});
