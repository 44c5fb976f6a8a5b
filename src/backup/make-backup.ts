import { bsonOf } from '../database/record-digest.js';
import type { RecordCollection, StoredRecord } from '../database/record-stream.js';
import { ObjectNotFoundError, type Storage } from '../storage/storage.js';
import {
  type BackupFolder,
  BackupError,
  type Contents,
  FILE_LIST,
  type NewSnapshot,
  writeDigested,
} from './backup-folder.js';
import { COLLECTIONS, isDeleted } from './collections.js';
import { FileList } from './file-list.js';
import { filesOf } from './record-files.js';
import { recordsIn, withOwner } from './snapshot-records.js';

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
 *
 * Between these steps the records are in temporary files of the snapshot, so that the memory does not grow with their
 * number.
 * @throws {BackupError} when a record has a file that does not exist, or whose bytes are not those of the record.
 */
export class BackupRun {
  private copied = 0;
  private copiedBytes = 0;

  constructor(
    private readonly parts: BackupParts,
    private readonly options: BackupOptions,
  ) {}

  async into(folder: BackupFolder): Promise<BackupSummary> {
    const snapshot = await folder.begin(new Date());
    for (const { name } of COLLECTIONS) await this.readRecords(snapshot, name);
    await this.parts.step('backup-records');
    for (const { name } of COLLECTIONS) {
      await this.write(kept(snapshot, name), this.withFiles(snapshot, name), `Copying files of ${name}`);
    }
    await this.parts.step('backup-files');
    const contents: Record<string, Contents> = {};
    // Parents first, so that children of deleted ones are known.
    for (const { name, owner } of [...COLLECTIONS].reverse()) {
      const records = (): AsyncIterable<StoredRecord> => recordsIn(kept(snapshot, name));
      const present = owner
        ? withOwner(records, owner.field, recordsIn(snapshot.at(`${owner.collection}.bson`)))
        : records();
      contents[`${name}.bson`] = await this.write(snapshot.at(`${name}.bson`), present, `Writing ${name}`);
    }
    const records = Object.values(contents).reduce((sum, { entries }) => sum + entries, 0);
    const list = new FileList(snapshot);
    const listed = await writeDigested(snapshot.at(FILE_LIST), list.lines());
    contents[FILE_LIST] = { ...listed, entries: list.files };
    await this.parts.step('backup-contents');
    const { files, bytes } = list;
    await snapshot.complete({ format: 1, madeAt: new Date().toISOString(), contents, files, bytes });
    await this.parts.step('backup-manifest');
    return { records, files, copied: this.copied, copiedBytes: this.copiedBytes };
  }

  private async readRecords(snapshot: NewSnapshot, name: string): Promise<void> {
    const collection = this.parts.collection(name);
    await this.write(read(snapshot, name), collection.read(), `Reading ${name}`, await collection.count());
  }

  /** Writes records to a file. Resolves with their number, and the digest of the file. */
  private async write(
    path: string,
    records: AsyncIterable<StoredRecord>,
    label: string,
    total?: number,
  ): Promise<Contents> {
    let entries = 0;
    const { signal, onProgress } = this.options;
    async function* encoded(): AsyncGenerator<Uint8Array> {
      for await (const record of records) {
        signal.throwIfAborted();
        yield bsonOf(record);
        onProgress({ label, done: ++entries, ...(total !== undefined && { total }) });
      }
    }
    const digest = await writeDigested(path, encoded());
    return { ...digest, entries };
  }

  /** Keeps the files of all records that were read. Yields the records as they are by then, without deleted ones. */
  private async *withFiles(snapshot: NewSnapshot, name: string): AsyncGenerator<StoredRecord> {
    for await (const record of recordsIn(read(snapshot, name))) {
      const current = await this.keepFilesOf(snapshot, name, record);
      if (current !== null) yield current;
    }
  }

  /** Keeps the files of a record. Returns the record that has them, or null when it is deleted. */
  private async keepFilesOf(snapshot: NewSnapshot, name: string, first: StoredRecord): Promise<StoredRecord | null> {
    let record: StoredRecord | null = first;
    for (let reads = 1; !isDeleted(record); reads++) {
      const gone = await this.keepAll(snapshot, record);
      if (gone === undefined) return record;
      const again = await this.parts.collection(name).readOne(first._id);
      if (
        reads >= MAX_READS ||
        (again !== null && filesOf(again).some(({ key }) => key === gone) && !isDeleted(again))
      ) {
        throw new BackupError(`${name} ${first._id} has the file ${gone}, which does not exist: lectern reconcile.`);
      }
      record = again;
    }
    return null;
  }

  /** Keeps all files of a record. Returns the key of a file that does not exist any more, if there is one. */
  private async keepAll(snapshot: NewSnapshot, record: StoredRecord): Promise<string | undefined> {
    for (const file of filesOf(record)) {
      const { storage: name, key, size, sha256 } = file;
      this.options.signal.throwIfAborted();
      const storage = this.parts.storageNamed(name);
      if (storage === undefined) throw new BackupError(`Storage "${name}" of ${key} is not configured.`);
      try {
        const { copied, ...digest } = await snapshot.keep(file, () => storage.open(key));
        if (digest.bytes !== size || (sha256 !== undefined && digest.sha256 !== sha256)) {
          throw new BackupError(`${name}/${key} has not the bytes of its record: lectern reconcile --deep.`);
        }
        if (!copied) continue;
        this.copied += 1;
        this.copiedBytes += digest.bytes;
        await this.parts.step('backup-file');
      } catch (error) {
        if (error instanceof ObjectNotFoundError) return key;
        throw error;
      }
    }
    return undefined;
  }
}

/** The path of the records of a collection as they were read. */
function read(snapshot: NewSnapshot, name: string): string {
  return snapshot.temporary(`${name}.read`);
}

/** The path of the records of a collection whose files are kept. */
function kept(snapshot: NewSnapshot, name: string): string {
  return snapshot.temporary(`${name}.kept`);
}
