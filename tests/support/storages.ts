import { describe, inject } from 'vitest';
import type { Environment } from '../../src/config.js';
import type { StorageName } from '../../src/storage/storage.js';
import { s3Environment } from './app.js';
import { createBucket } from './bucket.js';
import { everything } from './scope.js';

export interface StorageUnderTest {
  readonly name: 'local' | 's3';
  /** The value of the GraphQL enum. */
  readonly graphqlName: 'LOCAL' | 'S3';
  /** The variables that make it the storage of new files: on S3, in a new bucket. */
  environment(): Promise<Environment>;
}

const STORAGES: readonly StorageUnderTest[] = [
  { name: 'local', graphqlName: 'LOCAL', environment: () => Promise.resolve({}) },
  { name: 's3', graphqlName: 'S3', environment: async () => s3Environment(await createBucket()) ?? {} },
];

/**
 * The same tests on every storage. Without an S3 server those on S3 are skipped, unless the run requires one. In a run on
 * MongoDB they are for S3 alone: the two go together in production, and what databases and storages do to each other
 * stands in the crash tests, which take all four pairs.
 */
export function onEveryStorage(title: string, tests: (storage: StorageUnderTest) => void): void {
  const names: readonly StorageName[] =
    inject('mongodbUri') === null || inject('s3') === null ? ['local', 's3'] : ['s3'];
  for (const name of names) onStorage(name, title, tests);
}

/**
 * Tests of what does not depend on the storage, such as who may do what: in `npm test` on the local disk alone, in
 * `npm run test:all` on every storage. What a storage has to do for them stands in the contract tests, which always take
 * both.
 */
export function onAnyStorage(title: string, tests: (storage: StorageUnderTest) => void): void {
  if (everything) onEveryStorage(title, tests);
  else onStorage('local', title, tests);
}

/** The same for one storage, where each has a file of tests of its own, so that they run side by side. */
export function onStorage(name: StorageName, title: string, tests: (storage: StorageUnderTest) => void): void {
  for (const storage of STORAGES.filter((candidate) => candidate.name === name)) {
    const missing = storage.name === 's3' && inject('s3') === null;
    describe.skipIf(missing)(`${title}, on ${storage.name}`, () => {
      tests(storage);
    });
  }
}
