import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { samplesOf } from '../../../src/upload-client/samples.js';

const KIB_64 = 65_536;

/** Bytes without repetition. */
function bytesOf(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the samples of a file', () => {
  it.each([2 * KIB_64 + 1, 3 * KIB_64 + 7, 1_000_001])(
    'are hashes of the first, middle and last 64 KiB: %i bytes',
    async (size) => {
      const bytes = bytesOf(size);
      const middle = Math.floor((size - KIB_64) / 2);
      expect(await samplesOf(new Blob([bytes]))).toEqual([
        sha256(bytes.subarray(0, KIB_64)),
        sha256(bytes.subarray(middle, middle + KIB_64)),
        sha256(bytes.subarray(size - KIB_64)),
      ]);
    },
  );

  it.each([1, 3, KIB_64 - 1, KIB_64])(
    'are three hashes of the whole file when it has at most 64 KiB: %i bytes',
    async (size) => {
      const whole = sha256(bytesOf(size));
      expect(await samplesOf(new Blob([bytesOf(size)]))).toEqual([whole, whole, whole]);
    },
  );

  it('differ for files that differ in one byte of the middle', async () => {
    const one = bytesOf(500_000);
    const other = Buffer.from(one);
    other[250_000]! ^= 1;
    const [first, middle, last] = (await samplesOf(new Blob([one])))!;
    expect(await samplesOf(new Blob([other]))).toEqual([first, expect.not.stringMatching(middle!), last]);
  });
});
