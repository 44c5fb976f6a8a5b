import { inject } from 'vitest';

/**
 * Whether this is `npm run test:all`: every case, every repetition, every wait at full length. `npm test` is for the time
 * between two edits: it leaves out files named `*.long.test.ts`, and takes samples of long tables.
 */
export const everything = inject('everything');

/**
 * For a product of two long lists: all of the cases for each row in `npm run test:all`; in `npm test` so many of them, other
 * ones for each row, so that the rows together meet every case.
 */
export function shareOf<T>(cases: readonly T[], count: number, row: number): readonly T[] {
  if (everything || cases.length <= count) return cases;
  return Array.from({ length: count }, (_, i) => cases[(row * count + i) % cases.length] as T);
}

/** All of the cases in `npm run test:all`; in `npm test` so many of them, evenly spread from the first to the last. */
export function sampleOf<T>(cases: readonly T[], count: number): readonly T[] {
  if (everything || cases.length <= count) return cases;
  const step = (cases.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => cases[Math.round(i * step)] as T);
}

/** How many rounds, requests or files a test takes: the whole volume in `npm run test:all`. */
export function volume(inShort: number, whole: number): number {
  return everything ? whole : inShort;
}
