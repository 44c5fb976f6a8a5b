import { LecternError } from '../errors.js';
import { STORAGE_OPERATIONS, type StorageOperation, type StorageOutcome } from '../metrics.js';
import type { Storage } from './storage.js';

/** Is told of each operation of a storage once it is over. */
export type StorageObserver = (operation: StorageOperation, outcome: StorageOutcome, seconds: number) => void;

const measuredOperations = new Set<unknown>(STORAGE_OPERATIONS);

type Method = (...args: unknown[]) => unknown;

/**
 * The same storage, its operations timed. What is timed is each call as the port has it, not what a driver calls of
 * itself; everything else of the storage, known here or not, is handed through.
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
