import { expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz.js';
import { complaintsOf } from '../fuzz/verdict.js';
import { patience } from '../support/patience.js';
import { volume } from '../support/scope.js';

/** A fixed seed, so that each run sends the same requests. `npm run fuzz` uses another seed each time. */
const SEED = 20_260_101;
const REQUESTS = volume(100, 2_000);

it(`${String(REQUESTS)} changed requests leave the server as it was`, { timeout: patience(180_000) }, async () => {
  const report = await fuzz({ requests: REQUESTS, seed: SEED });
  expect(complaintsOf(report), JSON.stringify(report, null, 2)).toEqual([]);
  // The requests reach deep enough: some are accepted, and most are refused for various reasons.
  const endings = Object.keys(report.endings);
  expect(endings.length).toBeGreaterThan(8);
  expect(report.endings['200']).toBeGreaterThan(REQUESTS / 50);
  expect(report.endings['400 BAD_REQUEST']).toBeGreaterThan(REQUESTS / 5);
  expect(endings.some((ending) => ending.includes('UNSUPPORTED_MEDIA_TYPE'))).toBe(true);
  expect(endings.some((ending) => ending.includes('UPLOAD_INCOMPLETE'))).toBe(true);
});
