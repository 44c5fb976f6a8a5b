import { DatabaseSync } from '@photostructure/sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Collection } from './collection.js';
import { CommandError } from './errors.js';
import { specOf } from './index-spec.js';
import { decode } from './values.js';

/** Another process, or this one, has the same directory open. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError';
}

const FORMAT_VERSION = 1;

interface CollectionRow {
  readonly id: number;
  readonly db: string;
  readonly name: string;
}
interface IndexRow {
  readonly id: number;
  readonly collection: number;
  readonly spec: Uint8Array;
  readonly multikey: number;
}

/**
 * Documents and indexes in one SQLite file. When a commit returns, it is on the disk (write-ahead log, synchronous
 * FULL). Opening reads only the names of collections and indexes, so it does not depend on the number of documents.
 */
export class Store {
  private readonly collections = new Map<string, Collection>();
  private writing = false;

  private constructor(private readonly sqlite: InstanceType<typeof DatabaseSync>) {}

  static open(directory: string): Store {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const sqlite = new DatabaseSync(join(directory, 'lectern.sqlite'), { timeout: 0 });
    try {
      // Set before WAL. The operating system holds the lock and releases it when the process ends, also after kill -9.
      sqlite.exec(
        'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000',
      );
      sqlite.exec('BEGIN EXCLUSIVE');
      createCatalog(sqlite);
      sqlite.exec('COMMIT');
    } catch (error) {
      sqlite.close();
      if (/locked|busy/i.test(String(error))) throw new StoreLockedError(`${directory} is open in another process`);
      throw error;
    }
    const store = new Store(sqlite);
    store.readCatalog();
    return store;
  }

  /** Closes the file. The SELECT releases the exclusive lock: SQLite keeps it until the file is used in normal mode. */
  close(): void {
    if (this.writing) this.commit();
    this.sqlite.exec('PRAGMA journal_mode=DELETE; PRAGMA locking_mode=NORMAL; SELECT count(*) FROM collections');
    this.sqlite.close();
  }

  /** Makes all writes since the last commit durable. */
  commit(): void {
    if (!this.writing) return;
    try {
      this.sqlite.exec('COMMIT');
      this.writing = false;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Runs the work of one command. When it throws, all its writes are undone. */
  atomically<T>(work: () => T): T {
    if (!this.writing) this.sqlite.exec('BEGIN');
    this.writing = true;
    this.sqlite.exec('SAVEPOINT command');
    try {
      const result = work();
      this.sqlite.exec('RELEASE command');
      return result;
    } catch (error) {
      // SQLite may already have rolled back the whole transaction (disk full, I/O error).
      if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK TO command; RELEASE command');
      else this.writing = false;
      this.readCatalog();
      throw error;
    }
  }

  find(db: string, name: string): Collection | undefined {
    return this.collections.get(`${db}.${name}`);
  }

  findOrCreate(db: string, name: string): Collection {
    return this.find(db, name) ?? this.create(db, name);
  }

  create(db: string, name: string): Collection {
    assertNames(db, name);
    const { lastInsertRowid } = this.sqlite.prepare('INSERT INTO collections (db, name) VALUES (?, ?)').run(db, name);
    const collection = Collection.create(this.sqlite, Number(lastInsertRowid), db, name);
    this.collections.set(collection.namespace, collection);
    return collection;
  }

  drop(collection: Collection): void {
    collection.dropTables();
    this.sqlite.prepare('DELETE FROM collections WHERE id = ?').run(collection.id);
    this.collections.delete(collection.namespace);
  }

  collectionsOf(db: string): Collection[] {
    return [...this.collections.values()].filter((collection) => collection.db === db);
  }

  databaseNames(): string[] {
    return [...new Set([...this.collections.values()].map(({ db }) => db))].sort();
  }

  private abandon(): void {
    if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK');
    this.writing = false;
    this.readCatalog();
  }

  private readCatalog(): void {
    this.collections.clear();
    const rows = this.sqlite.prepare('SELECT id, db, name FROM collections ORDER BY id').all() as CollectionRow[];
    const indexes = this.sqlite
      .prepare('SELECT id, collection, spec, multikey FROM indexes ORDER BY id')
      .all() as IndexRow[];
    for (const { id, db, name } of rows) {
      const own = indexes.filter(({ collection }) => collection === id);
      const specs = own.map((row) => ({ id: row.id, spec: specOf(decode(row.spec)), multikey: row.multikey }));
      this.collections.set(`${db}.${name}`, new Collection(this.sqlite, id, db, name, specs));
    }
  }
}

function createCatalog(sqlite: InstanceType<typeof DatabaseSync>): void {
  const { user_version: version } = sqlite.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > FORMAT_VERSION)
    throw new Error(`the database has format ${version}; this program reads ${FORMAT_VERSION}`);
  sqlite.exec(`
    CREATE TABLE IF NOT EXISTS collections (id INTEGER PRIMARY KEY, db TEXT, name TEXT, UNIQUE (db, name));
    CREATE TABLE IF NOT EXISTS indexes (id INTEGER PRIMARY KEY, collection INTEGER, spec BLOB, multikey INTEGER);
    PRAGMA user_version = ${FORMAT_VERSION};
  `);
}

/** Checks the names of a database and a collection (manual: "Naming Restrictions"). */
function assertNames(db: string, name: string): void {
  if (!/^[^/\\. "$*<>:|?\0]{1,63}$/.test(db)) throw new CommandError(73, `Invalid namespace specified '${db}.${name}'`);
  if (name === '' || /[$\0]|^\.|\.$|^system\./.test(name) || Buffer.byteLength(`${db}.${name}`) > 255) {
    throw new CommandError(73, `Invalid collection name: ${name}`);
  }
}
