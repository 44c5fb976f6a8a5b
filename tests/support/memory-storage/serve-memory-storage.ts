import { serveStorage } from '../serve-storage.js';
import { MemoryStorage } from './memory-storage.js';

export interface ServedMemoryStorage {
  readonly storage: MemoryStorage;
  tearDown(): Promise<void>;
}

/** A storage in memory, and the server that its URLs point to. */
export function serveMemoryStorage(): Promise<ServedMemoryStorage> {
  return serveStorage((options) => new MemoryStorage(options));
}
