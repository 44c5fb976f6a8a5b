import { expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz.js';
import { complaintsOf } from '../fuzz/verdict.js';
import { patience } from '../support/patience.js';
import { volume } from '../support/scope.js';

/** The same every time: what passes today has to pass tomorrow. `npm run fuzz` takes another seed each time. */
const SEED = 20_260_101;
const REQUESTS = volume(150, 2_000);

it(`${String(REQUESTS)} changed requests leave the server as it was`, { timeout: patience(180_000) }, async () => {
  const report = await fuzz({ requests: REQUESTS, seed: SEED });
  expect(complaintsOf(report), JSON.stringify(report, null, 2)).toEqual([]);
  // They have got somewhere: some were taken, most were refused, for many reasons.
  const endings = Object.keys(report.endings);
  expect(endings.length).toBeGreaterThan(8);
  expect(report.endings['200']).toBeGreaterThan(REQUESTS / 50);
  expect(report.endings['400 BAD_REQUEST']).toBeGreaterThan(REQUESTS / 5);
  expect(endings.some((ending) => ending.includes('UNSUPPORTED_MEDIA_TYPE'))).toBe(true);
  expect(endings.some((ending) => ending.includes('UPLOAD_INCOMPLETE'))).toBe(true);
});
