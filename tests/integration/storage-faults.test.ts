import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { ROUND_MS } from '../support/fault-rounds.js';
import { late, passing, refusing, resetting, truncating, type Intercept } from '../support/s3-proxy.js';
import { sampleOf } from '../support/scope.js';
import { startOnFaultyStore, type Befallen, type FaultyStore } from '../support/storage-fault-rounds.js';

const ROUNDS: readonly (readonly [string, Befallen, Intercept])[] = [
  ['refuses with 500', 'for every request', refusing(500, 'InternalError')],
  ['refuses with 503', 'for every request', refusing(503, 'SlowDown')],
  ['resets connections in the middle of a body', 'for every request', resetting],
  ['carries requests out but truncates its replies', 'for every request', truncating],
  ['resets connections in the middle of a body', 'for the last request of an upload', resetting],
  ['carries requests out but truncates its replies', 'for the last request of an upload', truncating],
  ['refuses with 500', 'for deletions', refusing(500, 'InternalError')],
  ['carries requests out but truncates its replies', 'for deletions', truncating],
];

describe.skipIf(inject('s3') === null)('uploads and downloads with an S3 store that', () => {
  let store: FaultyStore;

  beforeAll(async () => {
    store = await startOnFaultyStore();
  });
  afterAll(() => store.remove());

  it.each(sampleOf(ROUNDS, 2))(
    '%s, %s: every answer is correct, and nothing is left behind',
    (_name, befallen, fault) => store.round(fault, befallen),
    ROUND_MS,
  );

  it(
    'answers late: every operation succeeds',
    () => {
      const { proxy } = store;
      const begin = async (): Promise<void> => void (proxy.intercept = late(700));
      const end = async (): Promise<void> => void (proxy.intercept = passing);
      return store.roundBetween(begin, end, 'done', 200);
    },
    ROUND_MS,
  );

  it(
    'is unavailable: uploads fail until it is back',
    () => store.roundBetween(store.proxy.refuse, store.proxy.listen, 'STORAGE_UNAVAILABLE', 503),
    ROUND_MS,
  );
});
