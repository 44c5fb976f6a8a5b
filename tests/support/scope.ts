import { inject } from 'vitest';

/**
 * Whether this is `npm run test:all`: every case, every repetition, every time-out at full length. `npm test` is for use
 * while you work: it leaves out files named `*.long.test.ts`, and runs samples of long tables.
 */
export const everything = inject('everything');

/** Whether to run every case that is about the database: in `npm run test:all`, and in every run on a MongoDB server. */
export const everyCaseOfDatabase = everything || (inject('mongodbUri') ?? null) !== null;

/**
 * For the product of two long lists. Returns all cases for each row in `npm run test:all`. In `npm test` returns `count`
 * cases, different ones for each row, so that together the rows cover every case.
 * @param all Whether to return all cases.
 */
export function shareOf<T>(cases: readonly T[], count: number, row: number, all = everything): readonly T[] {
  if (all || cases.length <= count) return cases;
  return Array.from({ length: count }, (_, i) => cases[(row * count + i) % cases.length] as T);
}

/** Returns all cases in `npm run test:all`. In `npm test` returns `count` of them, evenly distributed. */
export function sampleOf<T>(cases: readonly T[], count: number): readonly T[] {
  if (everything || cases.length <= count) return cases;
  const step = (cases.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => cases[Math.round(i * step)] as T);
}

/** Returns the number of rounds, requests or files of a test: `whole` in `npm run test:all`, `inShort` in `npm test`. */
export function volume(inShort: number, whole: number): number {
  return everything ? whole : inShort;
}
