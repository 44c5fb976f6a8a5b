import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PartCollector, type Part, type PartCollectorOptions } from '../../src/storage/s3/part-collector.js';
import { waitUntil } from '../support/patience.js';

const PART = 1024 ** 2;

describe('PartCollector', () => {
  const collector = (options: Pick<PartCollectorOptions, 'send'> & Partial<PartCollectorOptions>): PartCollector =>
    new PartCollector({ partSize: PART, partsInFlight: 2, ownsChunks: false, ...options });

  /** Sends bytes in chunks of a size that divides no part. Returns the parts, copied when they were sent. */
  async function partsOf(bytes: Buffer): Promise<Part[]> {
    const parts: Part[] = [];
    const send = (part: Part): Promise<void> => {
      parts.push({ ...part, bytes: Buffer.from(part.bytes) });
      return Promise.resolve();
    };
    const chunks = Array.from({ length: Math.ceil(bytes.length / 70_001) }, (_, i) =>
      bytes.subarray(i * 70_001, (i + 1) * 70_001),
    );
    await pipeline(Readable.from(chunks), collector({ send }));
    return parts;
  }

  it.each([
    ['nothing', 0, [0]],
    ['less than the memory that a part begins with', 1_000, [1_000]],
    ['nearly a part', PART - 1, [PART - 1]],
    ['exactly one part', PART, [PART]],
    ['one byte more than a part', PART + 1, [PART, 1]],
    ['exactly three parts', 3 * PART, [PART, PART, PART]],
    ['five parts and a half', 5.5 * PART, [PART, PART, PART, PART, PART, PART / 2]],
  ])('makes parts of %s', async (_what, size, sizes) => {
    const bytes = randomBytes(size);
    const parts = await partsOf(bytes);
    expect(parts.map(({ bytes: { length } }) => length)).toEqual(sizes);
    expect(parts.map(({ number }) => number)).toEqual(sizes.map((_, i) => i + 1));
    expect(parts.map(({ isLast }) => isLast)).toEqual(sizes.map((_, i) => i === sizes.length - 1));
    expect(Buffer.concat(parts.map((part) => part.bytes)).equals(bytes)).toBe(true);
  });

  it('collects one part while others are sent, and uses the memory of a part again only when it is sent', async () => {
    const sent: { part: Part; done: () => void }[] = [];
    const send = (part: Part): Promise<void> => new Promise((done) => sent.push({ part, done }));
    let read = 0;
    const body = Readable.from(
      (function* () {
        for (let part = 1; part <= 6; part++) {
          for (let i = 0; i < 16; i++) {
            read += PART / 16;
            yield Buffer.alloc(PART / 16, part);
          }
        }
      })(),
    );
    const collecting = pipeline(body, collector({ send }));
    for (let number = 1; number <= 6; number++) {
      await waitUntil(() => sent.length === Math.min(number + 1, 6));
      // Two are being sent and one is collected; the stream itself holds some more.
      expect(read).toBeLessThan((number + 2.5) * PART);
      for (const { part } of sent.slice(number - 1)) {
        expect(part.bytes.equals(Buffer.alloc(PART, part.number))).toBe(true);
      }
      sent[number - 1]?.done();
    }
    await collecting;
    expect(sent.map(({ part }) => part.isLast)).toEqual([false, false, false, false, false, true]);
    expect(new Set(sent.map(({ part }) => part.bytes.buffer)).size).toBe(3);
  });

  it('does not use the memory of a part again that could not be sent', async () => {
    const parts: Part[] = [];
    const send = (part: Part): Promise<void> => {
      parts.push(part);
      return Promise.reject(new Error('the store is down'));
    };
    await pipeline(Readable.from(Array.from({ length: 4 }, () => Buffer.alloc(PART))), collector({ send }));
    expect(new Set(parts.map(({ bytes }) => bytes.buffer)).size).toBe(4);
  });

  it('closes when it is destroyed while all parts are being sent, and sends nothing more', async () => {
    let count = 0;
    let sendNext = (): void => undefined;
    const send = (): Promise<void> => {
      count += 1;
      return new Promise((done) => (sendNext = done));
    };
    const stop = new AbortController();
    const writer = collector({ send });
    const body = Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(PART)));
    const collecting = pipeline(body, writer, { signal: stop.signal });
    await waitUntil(() => count === 2);
    stop.abort(new Error('enough'));
    await expect(collecting).rejects.toMatchObject({ cause: new Error('enough') });
    await waitUntil(() => writer.closed);
    sendNext();
    await setImmediate();
    expect(count).toBe(2);
  });

  it('frees the memory of chunks that it owns, and of no others', async () => {
    const chunks = (): Buffer[] => Array.from({ length: 64 }, () => Buffer.alloc(65_536));
    const send = (): Promise<void> => Promise.resolve();
    const kept = chunks();
    await pipeline(Readable.from(kept), collector({ send }));
    expect(kept.map(({ length }) => length)).toEqual(kept.map(() => 65_536));
    const owned = chunks();
    await pipeline(Readable.from(owned), collector({ send, ownsChunks: true }));
    expect(owned.slice(0, 32).map(({ length }) => length)).toEqual(Array.from({ length: 32 }, () => 0));
  });
});
