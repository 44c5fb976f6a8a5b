/** The most parts that an upload may have. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PARTS = 10_000;

const MIB = 1024 * 1024;

/** Of uploads in parts, in bytes. Stores refuse less than 5 MiB for all parts but the last. */
export const MIN_PART_BYTES = 8 * MIB;

/** The size of every part but the last, in bytes, of an upload of `size` bytes: a pure function. */
export function partSizeOf(size: number): number {
  if (size <= MAX_PARTS * MIN_PART_BYTES) return MIN_PART_BYTES;
  return Math.ceil(size / MAX_PARTS / MIB) * MIB;
}

/** How many parts of `partSize` bytes a file of `size` bytes has. */
export function partCountOf(size: number, partSize: number): number {
  return Math.ceil(size / partSize);
}

/** The size of part `number` (from 1) of such a file, in bytes. */
export function sizeOfPart(number: number, size: number, partSize: number): number {
  return Math.min(partSize, size - (number - 1) * partSize);
}
