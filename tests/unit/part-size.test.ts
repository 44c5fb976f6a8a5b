import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARTS, MIN_PART_BYTES, partCountOf, partSizeOf, sizeOfPart } from '../../src/storage/part-size.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

describe('the parts of an upload', () => {
  it.each([
    [1, 8 * MIB, 1],
    [8 * MIB, 8 * MIB, 1],
    [8 * MIB + 1, 8 * MIB, 2],
    [5 * GIB, 8 * MIB, 640],
    [10_000 * 8 * MIB, 8 * MIB, 10_000],
    [10_000 * 8 * MIB + 1, 9 * MIB, 8_889],
    [5 * TIB, 525 * MIB, 9_987],
  ])('a file of %i bytes has parts of %i bytes, %i of them', (size, partSize, count) => {
    expect(partSizeOf(size)).toBe(partSize);
    expect(partCountOf(size, partSize)).toBe(count);
  });

  it('the last part has the remaining bytes', () => {
    expect(sizeOfPart(1, 8 * MIB + 1, 8 * MIB)).toBe(8 * MIB);
    expect(sizeOfPart(2, 8 * MIB + 1, 8 * MIB)).toBe(1);
    expect(sizeOfPart(2, 16 * MIB, 8 * MIB)).toBe(8 * MIB);
  });

  it('every file size gives parts that a store accepts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * TIB }), (size) => {
        const partSize = partSizeOf(size);
        const count = partCountOf(size, partSize);
        expect(partSize).toBeGreaterThanOrEqual(MIN_PART_BYTES);
        expect(partSize % MIB).toBe(0);
        expect(count).toBeLessThanOrEqual(MAX_PARTS);
        const last = sizeOfPart(count, size, partSize);
        expect(last).toBeGreaterThanOrEqual(1);
        expect((count - 1) * partSize + last).toBe(size);
      }),
    );
  });
});
