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
  /** Returns the variables with which it is the storage of new files. For S3, creates a bucket. */
  environment(): Promise<Environment>;
}

const STORAGES: readonly StorageUnderTest[] = [
  { name: 'local', graphqlName: 'LOCAL', environment: () => Promise.resolve({}) },
  { name: 's3', graphqlName: 'S3', environment: async () => s3Environment(await createBucket()) ?? {} },
];

/**
 * Runs the same tests on every storage. Without an S3 server those on S3 are skipped, unless the run requires one. With
 * MongoDB, only S3 is tested, because production uses both together. The crash tests test all four pairs of database and
 * storage.
 */
export function onEveryStorage(title: string, tests: (storage: StorageUnderTest) => void): void {
  const names: readonly StorageName[] =
    inject('mongodbUri') === null || inject('s3') === null ? ['local', 's3'] : ['s3'];
  for (const name of names) onStorage(name, title, tests);
}

/**
 * Runs the same tests on every storage in `npm run test:all`, and on one in `npm test`: on the local disk with the embedded
 * database, on S3 with MongoDB. The contract tests always test both storages.
 */
export function onAnyStorage(title: string, tests: (storage: StorageUnderTest) => void): void {
  if (everything) onEveryStorage(title, tests);
  else onStorage(inject('mongodbUri') === null || inject('s3') === null ? 'local' : 's3', title, tests);
}

/** Runs tests on one storage. Each storage has its own test file, so that they run at the same time. */
export function onStorage(name: StorageName, title: string, tests: (storage: StorageUnderTest) => void): void {
  for (const storage of STORAGES.filter((candidate) => candidate.name === name)) {
    const missing = storage.name === 's3' && inject('s3') === null;
    describe.skipIf(missing)(`${title}, on ${storage.name}`, () => {
      tests(storage);
    });
  }
}
