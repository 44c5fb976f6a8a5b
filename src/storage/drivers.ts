import { LocalStorage, type LocalStorageOptions } from './local/local-storage.js';
import { S3Storage, type S3StorageOptions } from './s3/s3-storage.js';
import type { Storage, StorageName } from './storage.js';

/** What the built-in drivers need to know, each under its name. */
export interface DriverSettings {
  readonly local: LocalStorageOptions;
  /** Absent when no bucket is configured. */
  readonly s3?: S3StorageOptions;
}

/**
 * Makes a storage without touching disk or network. Returns undefined when this server has no settings for it: the name
 * is known then, but no file can be read or stored there.
 */
export type StorageDriver = (settings: DriverSettings) => Storage | undefined;

/** Drivers by the name that records keep. A name is lower-case: `STORAGE_NAME_PATTERN`. */
export type StorageDrivers = Readonly<Record<StorageName, StorageDriver>>;

/** The storages that Lectern has. To add one: a folder beside `local` and `s3`, and a line here. */
export const BUILT_IN_DRIVERS = {
  local: ({ local }) => new LocalStorage(local),
  s3: ({ s3 }) => s3 && new S3Storage(s3),
} satisfies StorageDrivers;

/** Names that can stand in records, in `STORAGE` and, in upper case, in the GraphQL enum. */
export const STORAGE_NAME_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
