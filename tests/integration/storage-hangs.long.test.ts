import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { ROUND_MS } from '../support/fault-rounds.js';
import { hanging } from '../support/s3-proxy.js';
import { BEFALLEN, startOnFaultyStore, type Befallen, type FaultyStore } from '../support/storage-fault-rounds.js';

describe.skipIf(inject('s3') === null)('an S3 store that accepts connections and never answers', () => {
  let store: FaultyStore;

  beforeAll(async () => {
    store = await startOnFaultyStore();
  });
  afterAll(() => store.remove());

  it.each(Object.keys(BEFALLEN) as Befallen[])(
    '%s: every client gets a correct answer within 30 s, and nothing is left behind',
    (befallen) => store.round(hanging, befallen),
    ROUND_MS,
  );
});
