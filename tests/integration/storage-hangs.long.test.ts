import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { ROUND_MS } from '../support/fault-rounds.js';
import { hanging } from '../support/s3-proxy.js';
import { BEFALLEN, startOnFaultyStore, type Befallen, type FaultyStore } from '../support/storage-fault-rounds.js';

describe.skipIf(inject('s3') === null)('a store that takes connections and never answers', () => {
  let store: FaultyStore;

  beforeAll(async () => {
    store = await startOnFaultyStore();
  });
  afterAll(() => store.remove());

  it.each(Object.keys(BEFALLEN) as Befallen[])(
    '%s: everybody has a true answer within 30 s, and nothing stays',
    (befallen) => store.round(hanging, befallen),
    ROUND_MS,
  );
});
