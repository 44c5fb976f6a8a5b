import { expect, it } from 'vitest';
import { clockDifference } from '../../src/database/diagnose-database.js';

it.each([
  ['equal to ours', 1_050, 0],
  ['ahead', 62_000, 60_900],
  ['behind', -60_000, -61_000],
  ['at the beginning of the request', 1_000, 0],
  ['at the end of the request', 1_100, 0],
])('clockDifference of a server clock that is %s', (_case, other, difference) => {
  expect(clockDifference(other, { before: 1_000, after: 1_100 })).toBe(difference);
});
