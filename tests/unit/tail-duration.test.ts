import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { durationOfTail, type RangeReader } from '../../src/media/content/tail-duration.js';

const corpus = (name: string): Buffer => readFileSync(new URL(`../fixtures/corpus/${name}`, import.meta.url));

/** A file of two pieces with a gap of `gap` bytes between them, which is not held in memory. */
function fileOf(first: Buffer, gap: number, last: Buffer): RangeReader & { readonly bytesRead: () => number } {
  const size = first.length + gap + last.length;
  let bytesRead = 0;
  return {
    size,
    bytesRead: () => bytesRead,
    read: (start, end) => {
      bytesRead += end - start;
      const bytes = Buffer.alloc(end - start, 0x55);
      if (start < first.length) first.copy(bytes, 0, start);
      const lastStart = first.length + gap;
      if (end > lastStart) last.copy(bytes, Math.max(0, lastStart - start), Math.max(0, start - lastStart));
      return Promise.resolve(bytes);
    },
  };
}

const live = corpus('vp9-live.webm');
const cluster = live.indexOf(Buffer.from('1f43b675', 'hex'));
const WEBM_TRACKS = new Map<number, number>();

describe('durationOfTail of a live recording as WebM or Matroska', () => {
  it.each([0, 10_000, 3 * 1024 ** 2, 1024 ** 3])(
    'is the time of the last frame, with %i bytes between head and last cluster',
    async (gap) => {
      const file = fileOf(live.subarray(0, cluster), gap, live.subarray(cluster));
      const duration = await durationOfTail('WebM', file, WEBM_TRACKS);
      expect(Math.abs(duration! - 1)).toBeLessThan(0.1);
      expect(file.bytesRead()).toBeLessThan(2 * 1024 ** 2);
    },
  );

  it('is found in a last cluster of several megabytes', async () => {
    // A cluster of unknown size with a frame of 3 MiB and one that begins 2.5 s later.
    const frame = (length: number, time: number): Buffer => {
      const bytes = Buffer.alloc(12 + length, 0x55);
      bytes.set([0xa3, 0x08, 0, 0, 0, 0, 0, 0, 0, 0x81]);
      bytes.writeUIntBE(length + 4, 5, 4);
      bytes.writeUInt8(0x01, 1);
      bytes.writeInt16BE(time, 10);
      return Buffer.concat([bytes, Buffer.alloc(1)]);
    };
    const head = Buffer.from('1f43b67501ffffffffffffff' + 'e7820bb8', 'hex');
    const last = Buffer.concat([head, frame(3 * 1024 ** 2, 0), frame(10, 2_500)]);
    const file = fileOf(live.subarray(0, cluster), 1024 ** 2, last);
    expect(await durationOfTail('Matroska', file, WEBM_TRACKS)).toBe(5.5);
  });

  it('uses the timestamp scale of the head', async () => {
    const head = Buffer.from('2ad7b1831e8480', 'hex');
    const tail = Buffer.from('1f43b6758b' + 'e78203e8' + 'a3858100640080', 'hex');
    expect(await durationOfTail('WebM', fileOf(head, 1_000, tail), WEBM_TRACKS)).toBe(2.2);
  });

  it('adds the duration of the last block when it is stated', async () => {
    const tail = Buffer.from('1f43b67590' + 'e78203e8' + 'a08a' + 'a1858100640080' + '9b8132', 'hex');
    const whole = await durationOfTail('WebM', fileOf(Buffer.alloc(9), 0, tail), WEBM_TRACKS);
    expect(whole).toBe(1.15);
  });

  it('is undefined without a cluster, and for bytes that only look like one', async () => {
    const lookalike = Buffer.from('1f43b67584a3828100', 'hex');
    expect(await durationOfTail('WebM', fileOf(Buffer.alloc(9), 1_000, lookalike), WEBM_TRACKS)).toBeUndefined();
    expect(await durationOfTail('WebM', fileOf(Buffer.alloc(9), 100 * 1024 ** 2, lookalike), WEBM_TRACKS)).toBe(
      undefined,
    );
    expect(await durationOfTail('WebM', fileOf(Buffer.alloc(0), 0, Buffer.alloc(0)), WEBM_TRACKS)).toBeUndefined();
  });
});

describe('durationOfTail of a fragmented MP4', () => {
  const fragmented = corpus('fragmented.mp4');
  const moof = fragmented.indexOf('moof', 0, 'latin1') - 4;
  const TRACKS = new Map([
    [1, 12_288],
    [2, 48_000],
  ]);

  it.each([0, 10_000, 3 * 1024 ** 2, 1024 ** 3])(
    'is the end of the last samples, with %i bytes between head and last fragments',
    async (gap) => {
      const file = fileOf(fragmented.subarray(0, moof), gap, fragmented.subarray(moof));
      const duration = await durationOfTail('MP4', file, TRACKS);
      expect(Math.abs(duration! - 1)).toBeLessThan(0.2);
      expect(file.bytesRead()).toBeLessThan(2 * 1024 ** 2);
    },
  );

  it('is undefined without a fragment, and with one that is cut off', async () => {
    const cut = fragmented.subarray(moof, moof + 60);
    expect(await durationOfTail('MP4', fileOf(Buffer.alloc(9), 1_000, cut), TRACKS)).toBeUndefined();
    expect(await durationOfTail('MP4', fileOf(Buffer.from('moof'), 0, Buffer.from('moof')), TRACKS)).toBeUndefined();
    expect(await durationOfTail('MP4', fileOf(fragmented, 0, Buffer.alloc(0)), new Map())).toBeUndefined();
  });
});
