import { LocalStorage } from './local/local-storage.js';
import type { LocalStorageOptions } from './local/local-storage.js';
import { measuredStorage, type StorageObserver } from './measured-storage.js';
import { S3Storage } from './s3/s3-storage.js';
import type { S3StorageOptions } from './s3/s3-storage.js';
import type { Storage, StorageName } from './storage.js';

export interface StoragesOptions {
  /** New files go to S3; otherwise to the local disk. Files stored before a switch stay readable where they are. */
  readonly useS3: boolean;
  readonly local: LocalStorageOptions;
  /** Absent when no bucket is configured. */
  readonly s3?: S3StorageOptions;
  /** Is told how long each operation took. */
  readonly observe?: StorageObserver;
}

/** Every storage that is configured. */
export interface Storages {
  /** Where new files go. */
  readonly current: Storage;
  /** The one whose files this server serves itself. */
  readonly local: Storage;
  /** Undefined for a storage that a record names but nobody configured any more. */
  byName(name: StorageName): Storage | undefined;
  all(): readonly Storage[];
  close(): Promise<void>;
}

/** Makes the storages. Touches neither disk nor network. */
export function createStorages(options: StoragesOptions): Storages {
  const { observe } = options;
  const measured = (storage: Storage): Storage => (observe ? measuredStorage(storage, observe) : storage);
  const local = measured(new LocalStorage(options.local));
  const s3 = options.s3 && measured(new S3Storage(options.s3));
  const current = options.useS3 ? s3 : local;
  if (current === undefined) throw new Error('S3 is to be used, but no bucket is configured.');

  const all: readonly Storage[] = s3 === undefined ? [local] : [local, s3];
  return {
    current,
    local,
    byName: (name) => all.find((storage) => storage.name === name),
    all: () => all,
    close: async () => {
      await Promise.all(all.map((storage) => storage.close()));
    },
  };
}
