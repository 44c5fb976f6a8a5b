import { createReadStream } from 'node:fs';
import { bsonOf } from '../database/record-digest.js';
import { decodeRecords, type RecordCollection, type StoredRecord } from '../database/record-stream.js';
import { ObjectNotFoundError, type Storage } from '../storage/storage.js';
import {
  type BackupFolder,
  BackupError,
  FILE_LIST,
  type Manifest,
  type NewSnapshot,
  type SavedFile,
  writeDurably,
} from './backup-folder.js';
import { COLLECTIONS, isDeleted } from './collections.js';
import { filesOf } from './record-files.js';

/** What a backup and its restoration reach of an app. */
export interface BackupParts {
  readonly collection: (name: string) => RecordCollection;
  readonly storageNamed: (name: string) => Storage | undefined;
  /** A named step: tests stop the process there. */
  readonly step: (name: string) => Promise<void>;
}

export interface BackupOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly label: string;
  readonly done: number;
  readonly total?: number;
}

export interface BackupSummary {
  readonly records: number;
  readonly files: number;
  readonly copied: number;
  readonly copiedBytes: number;
}

/** A record whose file is gone is read again, because it was replaced or deleted. So often at most. */
const MAX_READS = 50;

/**
 * Makes a snapshot of all records, and copies the files that they have. Servers may run meanwhile.
 *
 * The records are read first, in a short time; then the bytes are copied. When a file is gone by then, its record was
 * changed or deleted: it is read again, so that the snapshot has the whole new record, or nothing of it. Records that
 * are deleted, and everything below them, are left out. The manifest is written last.
 * @throws {BackupError} when a record has a file that does not exist, or whose bytes are not those of the record.
 */
export class BackupRun {
  /** New versions of records that have changed since they were read, by collection and id. Null for deleted ones. */
  private readonly changed = new Map<string, StoredRecord | null>();
  private readonly files: SavedFile[] = [];
  private copied = 0;
  private copiedBytes = 0;
  private records = 0;

  constructor(
    private readonly parts: BackupParts,
    private readonly options: BackupOptions,
  ) {}

  async into(folder: BackupFolder): Promise<BackupSummary> {
    const snapshot = await folder.begin(new Date());
    for (const { name } of COLLECTIONS) await this.readRecords(snapshot, name);
    await this.parts.step('backup-records');
    for (const { name } of COLLECTIONS) await this.keepFiles(snapshot, name);
    await this.parts.step('backup-files');
    const contents = await this.writeContents(snapshot);
    await this.parts.step('backup-contents');
    const bytes = this.files.reduce((sum, file) => sum + file.bytes, 0);
    await snapshot.complete({ format: 1, madeAt: new Date().toISOString(), contents, files: this.files.length, bytes });
    await this.parts.step('backup-manifest');
    return { records: this.records, files: this.files.length, copied: this.copied, copiedBytes: this.copiedBytes };
  }

  private async readRecords(snapshot: NewSnapshot, name: string): Promise<void> {
    const collection = this.parts.collection(name);
    const total = await collection.count();
    await writeDurably(snapshot.at(`${name}.bson.read`), this.encoded(collection.read(), `Reading ${name}`, total));
  }

  private async *encoded(
    records: AsyncIterable<StoredRecord>,
    label: string,
    total?: number,
  ): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const record of records) {
      this.options.signal.throwIfAborted();
      yield bsonOf(record);
      this.options.onProgress({ label, done: ++done, ...(total !== undefined && { total }) });
    }
  }

  private async keepFiles(snapshot: NewSnapshot, name: string): Promise<void> {
    let done = 0;
    for await (const read of decodeRecords(createReadStream(snapshot.at(`${name}.bson.read`)))) {
      await this.keepFilesOf(snapshot, name, read);
      this.options.onProgress({ label: `Copying files of ${name}`, done: ++done });
    }
  }

  private async keepFilesOf(snapshot: NewSnapshot, name: string, read: StoredRecord): Promise<void> {
    let record: StoredRecord | null = read;
    for (let reads = 1; !isDeleted(record); reads++) {
      const gone = await this.keepAll(snapshot, record);
      if (gone === undefined) return;
      const again = await this.parts.collection(name).readOne(read._id);
      if (
        reads >= MAX_READS ||
        (again !== null && filesOf(again).some(({ key }) => key === gone) && !isDeleted(again))
      ) {
        throw new BackupError(`${name} ${read._id} has the file ${gone}, which does not exist: lectern reconcile.`);
      }
      this.changed.set(`${name}/${read._id}`, again);
      record = again;
    }
    this.changed.set(`${name}/${read._id}`, null);
  }

  /** Keeps all files of a record. Returns the key of a file that does not exist any more, if there is one. */
  private async keepAll(snapshot: NewSnapshot, record: StoredRecord): Promise<string | undefined> {
    const kept: SavedFile[] = [];
    for (const file of filesOf(record)) {
      const { storage: name, key, contentType, size, sha256 } = file;
      this.options.signal.throwIfAborted();
      const storage = this.parts.storageNamed(name);
      if (storage === undefined) throw new BackupError(`Storage "${name}" of ${key} is not configured.`);
      try {
        const { copied, ...digest } = await snapshot.keep(file, () => storage.open(key));
        if (digest.bytes !== size || (sha256 !== undefined && digest.sha256 !== sha256)) {
          throw new BackupError(`${name}/${key} has not the bytes of its record: lectern reconcile --deep.`);
        }
        kept.push({ storage: name, key, contentType, ...digest });
        if (!copied) continue;
        this.copied += 1;
        this.copiedBytes += digest.bytes;
        await this.parts.step('backup-file');
      } catch (error) {
        if (error instanceof ObjectNotFoundError) return key;
        throw error;
      }
    }
    this.files.push(...kept);
    return undefined;
  }

  /** Writes the records as they are now known, without those that are deleted and everything below them. */
  private async writeContents(snapshot: NewSnapshot): Promise<Manifest['contents']> {
    const contents: Record<string, Manifest['contents'][string]> = {};
    const ids = new Map<string, Set<string>>();
    // Parents first, so that children of deleted ones are known.
    for (const { name, owner } of [...COLLECTIONS].reverse()) {
      const own = new Set<string>();
      ids.set(name, own);
      const owners = owner && { ids: ids.get(owner.collection), field: owner.field };
      const records = this.remaining(snapshot, name, own, owners);
      const digest = await writeDurably(snapshot.at(`${name}.bson`), this.encoded(records, `Writing ${name}`));
      contents[`${name}.bson`] = { ...digest, entries: own.size };
      this.records += own.size;
    }
    const lines = this.files.map((file) => `${JSON.stringify(file)}\n`);
    contents[FILE_LIST] = { ...(await writeDurably(snapshot.at(FILE_LIST), lines)), entries: lines.length };
    return contents;
  }

  private async *remaining(
    snapshot: NewSnapshot,
    name: string,
    ids: Set<string>,
    owners?: { readonly ids: ReadonlySet<string> | undefined; readonly field: string },
  ): AsyncGenerator<StoredRecord> {
    for await (const read of decodeRecords(createReadStream(snapshot.at(`${name}.bson.read`)))) {
      const changed = this.changed.get(`${name}/${read._id}`);
      const record = changed === undefined ? read : changed;
      if (isDeleted(record)) continue;
      if (owners && !owners.ids?.has(String(record[owners.field]))) continue;
      ids.add(record._id);
      yield record;
    }
  }
}
