import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { ROUND_MS } from '../support/fault-rounds.js';
import { late, passing, refusing, resetting, truncating, type Intercept } from '../support/s3-proxy.js';
import { sampleOf } from '../support/scope.js';
import { startOnFaultyStore, type Befallen, type FaultyStore } from '../support/storage-fault-rounds.js';

const ROUNDS: readonly (readonly [string, Befallen, Intercept])[] = [
  ['refuses with 500', 'whatever it is asked', refusing(500, 'InternalError')],
  ['refuses with 503', 'whatever it is asked', refusing(503, 'SlowDown')],
  ['resets connections in the middle of a body', 'whatever it is asked', resetting],
  ['does what it is asked and breaks its answers off', 'whatever it is asked', truncating],
  ['resets connections in the middle of a body', 'at the last request of an upload', resetting],
  ['does what it is asked and breaks its answers off', 'at the last request of an upload', truncating],
  ['refuses with 500', 'when it is to delete', refusing(500, 'InternalError')],
  ['does what it is asked and breaks its answers off', 'when it is to delete', truncating],
];

describe.skipIf(inject('s3') === null)('a store that', () => {
  let store: FaultyStore;

  beforeAll(async () => {
    store = await startOnFaultyStore();
  });
  afterAll(() => store.remove());

  it.each(sampleOf(ROUNDS, 2))(
    '%s, %s: what is said is true, and nothing stays',
    (_name, befallen, fault) => store.round(fault, befallen),
    ROUND_MS,
  );

  it(
    'is late with everything keeps nobody from anything',
    () => {
      const { proxy } = store;
      const begin = async (): Promise<void> => void (proxy.intercept = late(700));
      const end = async (): Promise<void> => void (proxy.intercept = passing);
      return store.roundBetween(begin, end, 'done', 200);
    },
    ROUND_MS,
  );

  it(
    'is not there fails uploads, until it is',
    () => store.roundBetween(store.proxy.refuse, store.proxy.listen, 'STORAGE_UNAVAILABLE', 503),
    ROUND_MS,
  );
});
