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
  /** Drivers beside the built-in ones. A name that is built in is replaced. */
  readonly drivers?: StorageDrivers;
  /** Is told how long each operation took. */
  readonly observe?: StorageObserver;
}

/** The registry: every storage that this server knows or can use. */
export interface Storages {
  /** Where new files go. */
  readonly current: Storage;
  /** The one whose files this server serves itself. */
  readonly local: Storage;
  /** Every name that this server knows, also of storages that are not configured. */
  readonly names: readonly StorageName[];
  /** Returns undefined for a name that is unknown (a record of an older or newer server) or not configured. */
  byName(name: StorageName): Storage | undefined;
  /** Every storage that is configured. */
  all(): readonly Storage[];
  close(): Promise<void>;
}

/** The storage that new files should go to cannot be used. The message continues the sentence that its name begins. */
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
 * Makes the storages. Touches neither disk nor network.
 * @throws {StorageChoiceError} when `current` is unknown or not configured.
 */
export function createStorages(options: StoragesOptions): Storages {
  const { observe, current: chosen } = options;
  const drivers = new Map(Object.entries<StorageDrivers[string]>({ ...BUILT_IN_DRIVERS, ...options.drivers }));
  const names = [...drivers.keys()];
  const byName = new Map<StorageName, Storage>();
  for (const [name, driver] of drivers) {
    const storage = driver(options.settings);
    if (storage === undefined) continue;
    if (storage.name !== name || !STORAGE_NAME_PATTERN.test(name)) {
      throw new TypeError(`The driver "${name}" made a storage named "${storage.name}", or that is no storage name.`);
    }
    byName.set(name, observe ? measuredStorage(storage, observe) : storage);
  }
  const local = byName.get('local');
  if (local === undefined) throw new TypeError('The driver "local" is missing: it is always configured.');
  const current = byName.get(chosen);
  if (current === undefined) {
    const problem = names.includes(chosen) ? 'is not configured' : 'is no storage that this server knows';
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
