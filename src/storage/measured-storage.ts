import { LecternError } from '../errors.js';
import { STORAGE_OPERATIONS, type StorageOperation, type StorageOutcome } from '../metrics.js';
import type { Storage } from './storage.js';

/** Called when an operation of a storage has ended. */
export type StorageObserver = (operation: StorageOperation, outcome: StorageOutcome, seconds: number) => void;

const measuredOperations = new Set<unknown>(STORAGE_OPERATIONS);

type Method = (...args: unknown[]) => unknown;

/**
 * Wraps a storage so that `observe` is told the outcome and duration of each operation in `STORAGE_OPERATIONS`. Calls
 * that a driver makes to its own methods are not counted. All other methods and properties are passed through.
 */
export function measuredStorage<S extends Storage>(storage: S, observe: StorageObserver): S {
  return new Proxy(storage, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = (value as Method).bind(target);
      if (!measuredOperations.has(property)) return method;
      return (...args: unknown[]) => timed(property as StorageOperation, async () => method(...args), observe);
    },
  });
}

async function timed(
  operation: StorageOperation,
  run: () => Promise<unknown>,
  observe: StorageObserver,
): Promise<unknown> {
  const begun = performance.now();
  const end = (outcome: StorageOutcome): void => observe(operation, outcome, (performance.now() - begun) / 1_000);
  try {
    const result = await run();
    end('done');
    return result;
  } catch (error) {
    end(error instanceof LecternError && error.code === 'STORAGE_UNAVAILABLE' ? 'unavailable' : 'rejected');
    throw error;
  }
}
