import { BUILT_IN_DRIVERS, STORAGE_NAME_PATTERN, type DriverSettings, type StorageDrivers } from './drivers.js';
import { measuredStorage, type StorageObserver } from './measured-storage.js';
import type { Storage, StorageName } from './storage.js';

export type { DriverSettings, StorageDriver, StorageDrivers } from './drivers.js';

/** The names of the built-in storages. */
export const BUILT_IN_STORAGES: readonly StorageName[] = Object.keys(BUILT_IN_DRIVERS);

export interface StoragesOptions {
  /** The storage that new files go to. Files stored before a switch stay readable where they are. */
  readonly current: StorageName;
  readonly settings: DriverSettings;
  /** Additional drivers by name. A driver named like a built-in one replaces it. */
  readonly drivers?: StorageDrivers;
  /** Called after each operation with its outcome and duration. */
  readonly observe?: StorageObserver;
}

/** The registry of storages: those this server knows by name, and those that are configured. */
export interface Storages {
  /** New files are stored here. */
  readonly current: Storage;
  /** The storage whose files this server serves itself, under `/files`. */
  readonly local: Storage;
  /** The names of all drivers, including those without settings. */
  readonly names: readonly StorageName[];
  /**
   * The storage of that name. Returns undefined when the storage is not configured, or when this server does not know
   * the name: a newer or an older server may have written it into a record.
   */
  byName(name: StorageName): Storage | undefined;
  /** Every storage that is configured. */
  all(): readonly Storage[];
  close(): Promise<void>;
}

/**
 * The storage chosen for new files cannot be used. The message is a predicate without a subject, such as "is not
 * configured": who shows it puts the name of the setting or the storage in front.
 */
export class StorageChoiceError extends Error {
  constructor(
    readonly storage: StorageName,
    problem: string,
    /** Every name that this server knows. */
    readonly names: readonly StorageName[],
  ) {
    super(problem);
    this.name = 'StorageChoiceError';
  }
}

/**
 * Creates every configured storage, without network access.
 * Rejects with StorageChoiceError when `current` is unknown or not configured.
 */
export async function createStorages(options: StoragesOptions): Promise<Storages> {
  const { observe, current: chosen } = options;
  const drivers = new Map(Object.entries<StorageDrivers[string]>({ ...BUILT_IN_DRIVERS, ...options.drivers }));
  const names = [...drivers.keys()];
  const byName = new Map<StorageName, Storage>();
  for (const [name, driver] of drivers) {
    const storage = await driver(options.settings);
    if (storage === undefined) continue;
    if (storage.name !== name || !STORAGE_NAME_PATTERN.test(name)) {
      throw new TypeError(
        `The driver "${name}" must make a storage of that name, in lower case; its storage is named "${storage.name}".`,
      );
    }
    byName.set(name, observe ? measuredStorage(storage, observe) : storage);
  }
  const local = byName.get('local');
  if (local === undefined) throw new TypeError('The driver "local" is missing: it is always configured.');
  const current = byName.get(chosen);
  if (current === undefined) {
    const problem = names.includes(chosen) ? 'is not configured' : 'is not a storage that this server knows';
    throw new StorageChoiceError(chosen, problem, names);
  }

  const all = [...byName.values()];
  return {
    current,
    local,
    names,
    byName: (name) => byName.get(name),
    all: () => all,
    close: async () => {
      await Promise.all(all.map((storage) => storage.close()));
    },
  };
}
