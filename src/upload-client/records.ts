import type { UploadFileHandle } from './api.js';
import { openDatabase, request } from './indexed-db.js';
import type { StartInput } from './sessions.js';

/** What this browser remembers of an upload that it began, so that it can continue after a reload. */
export interface UploadRecord {
  /** The idempotency key of the session: known before the session is. */
  readonly key: string;
  readonly endpoint: string;
  readonly input: StartInput;
  /** Absent until the server has answered the start. */
  readonly sessionId?: string;
  /** Where the browser gives file handles. */
  readonly handle?: UploadFileHandle;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When this browser saw the file published, in milliseconds since 1970: for a tab that waited for another. */
  readonly publishedAt?: number;
}

export interface UploadRecords {
  /** Oldest first. */
  all(): Promise<UploadRecord[]>;
  put(record: UploadRecord): Promise<void>;
  remove(key: string): Promise<void>;
}

/** The server keeps no session longer, in milliseconds: 7 days, and a day for questions. */
const LONGEST_SESSION = 8 * 24 * 3_600_000;
/** A tab that waited looks at once, in milliseconds. */
const PUBLISHED_KEPT = 600_000;

/** The records of this browser; of this process where there is no IndexedDB. */
export function openRecords(): UploadRecords {
  const memory = new MemoryRecords();
  if (typeof indexedDB === 'undefined') return memory;
  const stored = new StoredRecords();
  let current: UploadRecords = stored;
  // A browser may forbid IndexedDB, or have no room left: an upload then works, and is not resumed after a reload.
  const orInMemory = async <T>(call: (records: UploadRecords) => Promise<T>): Promise<T> => {
    try {
      return await call(current);
    } catch {
      current = memory;
      return call(current);
    }
  };
  return {
    all: () => orInMemory((records) => records.all()),
    put: (record) => orInMemory((records) => records.put(record)),
    remove: (key) => orInMemory((records) => records.remove(key)),
  };
}

/** Removes what no session of the server belongs to any more, and returns the rest. */
export async function prune(records: UploadRecords, now: number): Promise<UploadRecord[]> {
  const all = await records.all();
  const isOver = ({ startedAt, publishedAt }: UploadRecord): boolean =>
    now - startedAt > LONGEST_SESSION || (publishedAt !== undefined && now - publishedAt > PUBLISHED_KEPT);
  for (const { key } of all.filter(isOver)) await records.remove(key);
  return all.filter((record) => !isOver(record));
}

/** One for all uploaders of a process. */
const inMemory = new Map<string, UploadRecord>();

class MemoryRecords implements UploadRecords {
  async all(): Promise<UploadRecord[]> {
    return byAge([...inMemory.values()]);
  }

  async put(record: UploadRecord): Promise<void> {
    inMemory.set(record.key, record);
  }

  async remove(key: string): Promise<void> {
    inMemory.delete(key);
  }
}

const DATABASE = 'lectern-uploads';
const STORE = 'uploads';

class StoredRecords implements UploadRecords {
  #database: Promise<IDBDatabase> | undefined;

  async all(): Promise<UploadRecord[]> {
    return byAge((await this.#run('readonly', (store) => store.getAll())) as UploadRecord[]);
  }

  async put(record: UploadRecord): Promise<void> {
    await this.#run('readwrite', (store) => store.put(record));
  }

  async remove(key: string): Promise<void> {
    await this.#run('readwrite', (store) => store.delete(key));
  }

  async #run(mode: IDBTransactionMode, call: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await (this.#database ??= openDatabase(DATABASE, 1, (created) => {
      created.createObjectStore(STORE, { keyPath: 'key' });
    }));
    const transaction = database.transaction(STORE, mode);
    return request(call(transaction.objectStore(STORE)));
  }
}

function byAge(records: UploadRecord[]): UploadRecord[] {
  return records.sort((a, b) => a.startedAt - b.startedAt);
}
