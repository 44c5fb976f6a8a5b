import type { DatabaseSync, StatementSync } from '@photostructure/sqlite';
import type { Range } from './bounds.js';
import { CommandError } from './errors.js';
import { entriesOf } from './index-keys.js';
import type { Entries } from './index-keys.js';
import { specOf } from './index-spec.js';
import type { IndexSpec } from './index-spec.js';
import { decode, encode, encodeForStorage, show } from './values.js';
import type { Doc } from './values.js';

type Sqlite = InstanceType<typeof DatabaseSync>;
type Statement = InstanceType<typeof StatementSync>;

/** A stored document. Rows are numbered in the order of insertion. */
export interface Stored {
  readonly row: number;
  readonly bytes: Uint8Array;
}

/** A document with the key under which an index has found it. */
interface Hit extends Stored {
  readonly key: Uint8Array;
}

/** How many documents one statement reads: few at first, because many queries want one or two. */
const FIRST_PAGE = 8;
const PAGE = 64;
const KEYS_OF_PAGE = Array.from({ length: PAGE }, () => '?').join(', ');

/** An index: a table of (key, row), sorted by MongoDB's order of values. */
export class Index {
  private readonly statements: Record<'add' | 'remove' | 'taken' | 'forward' | 'backward', Statement>;
  private lookUpStatement: Statement | undefined;

  /** @param collection The number of the collection whose documents it contains. */
  constructor(
    private readonly sqlite: Sqlite,
    private readonly collection: number,
    readonly id: number,
    readonly spec: IndexSpec,
    public multikey: number,
  ) {
    this.statements = {
      add: sqlite.prepare(`INSERT INTO i${id} (key, row) VALUES (?, ?)`),
      remove: sqlite.prepare(`DELETE FROM i${id} WHERE key = ? AND row = ?`),
      taken: sqlite.prepare(`SELECT row FROM i${id} WHERE key = ? AND row <> ? LIMIT 1`),
      // CROSS JOIN: SQLite reads the index first, in its order (sqlite.org: "The SQLite Query Optimizer Overview").
      forward: sqlite.prepare(
        `SELECT key, row, bytes FROM i${id} CROSS JOIN c${collection} USING (row) WHERE (key, row) > (?, ?) AND key < ? ORDER BY key, row LIMIT ?`,
      ),
      backward: sqlite.prepare(
        `SELECT key, row, bytes FROM i${id} CROSS JOIN c${collection} USING (row) WHERE (key, row) < (?, ?) AND key >= ? ORDER BY key DESC, row DESC LIMIT ?`,
      ),
    };
  }

  /** Returns the entries of a document. Returns none when a sparse or partial index does not contain it. */
  entriesOf(doc: Doc): Entries {
    const { partial, sparse, fields } = this.spec;
    if (partial !== undefined && !partial.matches(doc)) return NO_ENTRIES;
    const entries = entriesOf(doc, fields);
    return sparse && !entries.present ? NO_ENTRIES : entries;
  }

  /** Throws the duplicate key error (11000) when another document has one of these keys in a unique index. */
  assertFree(entries: Entries, row: number, namespace: string): void {
    if (!this.spec.unique) return;
    const taken = entries.keys.findIndex((key) => this.statements.taken.get(key, row) !== undefined);
    if (taken === -1) return;
    const values = (entries.values[taken] ?? []).map((value) => (typeof value === 'symbol' ? [] : (value ?? null)));
    const keyValue = Object.fromEntries(this.spec.fields.map(({ path }, i) => [path, values[i]]));
    throw new CommandError(
      11000,
      `E11000 duplicate key error collection: ${namespace} index: ${this.spec.name} dup key: ${show(keyValue)}`,
      { keyPattern: this.spec.doc['key'], keyValue },
    );
  }

  add(entries: Entries, row: number): void {
    for (const key of entries.keys) this.statements.add.run(key, row);
    if ((entries.multikey | this.multikey) !== this.multikey) {
      this.multikey |= entries.multikey;
      this.sqlite.prepare('UPDATE indexes SET multikey = ? WHERE id = ?').run(this.multikey, this.id);
    }
  }

  remove(entries: Entries, row: number): void {
    for (const key of entries.keys) this.statements.remove.run(key, row);
  }

  /** Yields the documents of a range, page by page, in the order of their keys. A document may have several keys. */
  *pages({ from, to }: Range, backward: boolean): Generator<Hit[]> {
    const statement = backward ? this.statements.backward : this.statements.forward;
    let last: Pick<Hit, 'key' | 'row'> = { key: backward ? to : from, row: -1 };
    for (let size = FIRST_PAGE; ; size = PAGE) {
      const page = statement.all(last.key, last.row, backward ? from : to, size) as Hit[];
      yield page;
      if (page.length < size) return;
      last = page.at(-1) as Hit;
    }
  }

  /** Returns the documents with these keys, in the order of the keys. At most `PAGE` of them. */
  lookUp(keys: readonly Uint8Array[]): Stored[] {
    this.lookUpStatement ??= this.sqlite.prepare(
      `SELECT row, bytes FROM i${this.id} JOIN c${this.collection} USING (row) WHERE key IN (${KEYS_OF_PAGE}) ORDER BY key, row`,
    );
    // A key that is named twice is found once.
    const padding = new Array<Uint8Array>(PAGE - keys.length).fill(keys[0] as Uint8Array);
    return this.lookUpStatement.all(...keys, ...padding) as Stored[];
  }
}

const NO_ENTRIES: Entries = { keys: [], values: [], multikey: 0, present: false };

interface StoredIndex {
  readonly id: number;
  readonly spec: IndexSpec;
  readonly multikey: number;
}

/** A collection: its documents by row, and its indexes, which every write updates. */
export class Collection {
  readonly namespace: string;
  readonly indexes: Index[];
  /** How often a document was written or removed. */
  private changes = 0;
  private readonly statements: Record<'get' | 'next' | 'insert' | 'update' | 'delete', Statement>;

  constructor(
    private readonly sqlite: Sqlite,
    readonly id: number,
    readonly db: string,
    readonly name: string,
    indexes: readonly StoredIndex[],
  ) {
    this.namespace = `${db}.${name}`;
    this.indexes = indexes.map((index) => new Index(sqlite, id, index.id, index.spec, index.multikey));
    this.statements = {
      get: sqlite.prepare(`SELECT row, bytes FROM c${id} WHERE row = ?`),
      next: sqlite.prepare(`SELECT row, bytes FROM c${id} WHERE row > ? ORDER BY row LIMIT 1`),
      insert: sqlite.prepare(`INSERT INTO c${id} (bytes) VALUES (?)`),
      update: sqlite.prepare(`UPDATE c${id} SET bytes = ? WHERE row = ?`),
      delete: sqlite.prepare(`DELETE FROM c${id} WHERE row = ?`),
    };
  }

  static create(sqlite: Sqlite, id: number, db: string, name: string): Collection {
    // AUTOINCREMENT: a row number is never reused, so a cursor cannot find another document under a number that it read.
    sqlite.exec(`CREATE TABLE c${id} (row INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL)`);
    const collection = new Collection(sqlite, id, db, name, []);
    collection.createIndex(specOf({ v: 2, key: { _id: 1 }, name: '_id_' }));
    return collection;
  }

  get(row: number): Stored | undefined {
    return this.statements.get.get(row) as Stored | undefined;
  }

  /** Yields all documents in the order of insertion. */
  *scan(): Generator<Stored> {
    let place = this.statements.next.get(0) as Stored | undefined;
    while (place !== undefined) {
      yield place;
      place = this.statements.next.get(place.row) as Stored | undefined;
    }
  }

  /** Yields the documents of a range of an index, in the order of their keys. Yields one again for each of its keys. */
  *inRange(index: Index, range: Range, backward: boolean): Generator<Stored> {
    for (const page of index.pages(range, backward)) yield* this.current(page);
  }

  /** Yields the documents with these sorted keys of an index, in the order of the keys. */
  *withKeys(index: Index, keys: readonly Uint8Array[]): Generator<Stored> {
    for (let at = 0; at < keys.length; at += PAGE) yield* this.current(index.lookUp(keys.slice(at, at + PAGE)));
  }

  /** Yields the documents of a page as they are when they are asked for, which may be later, in the next batch of a cursor. */
  private *current(page: readonly Stored[]): Generator<Stored> {
    const { changes } = this;
    for (const found of page) {
      const stored = changes === this.changes ? found : this.get(found.row);
      if (stored !== undefined) yield stored;
    }
  }

  insert(doc: Doc): void {
    this.changes++;
    const bytes = encodeForStorage(doc);
    const entries = this.indexes.map((index) => ({ index, of: index.entriesOf(doc) }));
    for (const { index, of } of entries) index.assertFree(of, 0, this.namespace);
    const row = Number(this.statements.insert.run(bytes).lastInsertRowid);
    for (const { index, of } of entries) index.add(of, row);
  }

  /** Replaces a document. Returns false, and writes nothing, when its bytes have not changed. */
  replace(stored: Stored, before: Doc, doc: Doc): boolean {
    const bytes = encodeForStorage(doc);
    if (Buffer.compare(bytes, stored.bytes) === 0) return false;
    const { row } = stored;
    this.changes++;
    const changes = this.indexes
      .map((index) => ({ index, old: index.entriesOf(before), new: index.entriesOf(doc) }))
      .filter((change) => !sameKeys(change.old, change.new));
    for (const change of changes) change.index.assertFree(change.new, row, this.namespace);
    this.statements.update.run(bytes, row);
    for (const change of changes) {
      change.index.remove(change.old, row);
      change.index.add(change.new, row);
    }
    return true;
  }

  remove(stored: Stored, doc: Doc): void {
    this.changes++;
    for (const index of this.indexes) index.remove(index.entriesOf(doc), stored.row);
    this.statements.delete.run(stored.row);
  }

  /** Creates an index of the existing documents. Throws when a unique index finds duplicates; the caller rolls back. */
  createIndex(spec: IndexSpec): void {
    const added = this.sqlite
      .prepare('INSERT INTO indexes (collection, spec, multikey) VALUES (?, ?, 0)')
      .run(this.id, encode(spec.doc));
    const id = Number(added.lastInsertRowid);
    this.sqlite.exec(`CREATE TABLE i${id} (key BLOB, row INTEGER, PRIMARY KEY (key, row)) WITHOUT ROWID`);
    const index = new Index(this.sqlite, this.id, id, spec, 0);
    for (const stored of this.scan()) {
      const entries = index.entriesOf(decode(stored.bytes));
      index.assertFree(entries, stored.row, this.namespace);
      index.add(entries, stored.row);
    }
    this.indexes.push(index);
  }

  dropIndex(index: Index): void {
    this.sqlite.exec(`DROP TABLE i${index.id}; DELETE FROM indexes WHERE id = ${index.id}`);
    this.indexes.splice(this.indexes.indexOf(index), 1);
  }

  dropTables(): void {
    for (const index of [...this.indexes]) this.dropIndex(index);
    this.sqlite.exec(`DROP TABLE c${this.id}`);
  }
}

function sameKeys(a: Entries, b: Entries): boolean {
  return a.keys.length === b.keys.length && a.keys.every((key, i) => key.equals(b.keys[i] as Buffer));
}
