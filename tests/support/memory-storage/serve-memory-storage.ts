import { serveStorage } from '../serve-storage.js';
import { MemoryStorage } from './memory-storage.js';

export interface ServedMemoryStorage {
  readonly storage: MemoryStorage;
  tearDown(): Promise<void>;
}

/** Starts a storage in memory, with a server for its URLs. */
export function serveMemoryStorage(): Promise<ServedMemoryStorage> {
  return serveStorage((options) => new MemoryStorage(options));
}
