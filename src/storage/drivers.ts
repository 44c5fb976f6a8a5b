import { LocalStorage, type LocalStorageOptions } from './local/local-storage.js';
import type { S3StorageOptions } from './s3/s3-storage.js';
import type { Storage, StorageName } from './storage.js';

/** The settings of the built-in drivers, each under the driver's name. */
export interface DriverSettings {
  readonly local: LocalStorageOptions;
  /** Absent when no bucket is configured. */
  readonly s3?: S3StorageOptions;
}

/**
 * Creates a storage, without network access.
 * Resolves with undefined when the storage is not configured: its name is known, but files can be neither read nor
 * stored.
 */
export type StorageDriver = (settings: DriverSettings) => Promise<Storage | undefined> | Storage | undefined;

/** Drivers by storage name, as records store it. Names match `STORAGE_NAME_PATTERN`. */
export type StorageDrivers = Readonly<Record<StorageName, StorageDriver>>;

/** The built-in storages. To add one, write its driver in a folder beside `local` and `s3`, and add a line here. */
export const BUILT_IN_DRIVERS = {
  local: ({ local }) => new LocalStorage(local),
  // Loaded only when it is configured: the AWS SDK takes a fifth of the time that a start takes.
  s3: async ({ s3 }) => s3 && new (await import('./s3/s3-storage.js')).S3Storage(s3),
} satisfies StorageDrivers;

/**
 * Storage names are used in records, in the setting `STORAGE` and, in upper case, in the GraphQL enum `StorageName`.
 */
export const STORAGE_NAME_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
