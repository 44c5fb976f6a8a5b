import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Transform, type Readable } from 'node:stream';
import { digestOf } from '../digest.js';
import { isObjectKey } from '../storage/object-key.js';
import { syncFolder } from '../sync-folder.js';
import type { RecordFile } from './record-files.js';

/** The size and the checksum of some bytes. */
export interface ByteDigest {
  /** In bytes. */
  readonly bytes: number;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** What a file of a snapshot contains. */
export interface Contents extends ByteDigest {
  /** How many records, or lines. */
  readonly entries: number;
}

/** A file of a record, in `files.ndjson` of a snapshot. */
export interface SavedFile extends ByteDigest {
  readonly storage: string;
  readonly key: string;
  readonly contentType: string;
}

/** What `manifest.json` of a snapshot says. It is written last: a snapshot without it is not complete. */
export interface Manifest {
  readonly format: 1;
  readonly madeAt: string;
  /** The files of this snapshot besides the manifest, by name. */
  readonly contents: Readonly<Record<string, Contents>>;
  /** How many files the records have, and their size in bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** A backup cannot be made, read or restored. The message says why. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

const MANIFEST = 'manifest.json';
/** Temporary files of a snapshot that is being made. */
const INCOMING = 'incoming';
/** Error codes of the system when bytes cannot be written or read. */
const OF_STREAMS: ReadonlySet<unknown> = new Set(['EDQUOT', 'EIO', 'ENOSPC', 'EROFS']);
export const FILE_LIST = 'files.ndjson';

/**
 * The folder of a backup:
 *
 * - `files/{storage}/{key}`: the bytes of files, shared by all snapshots, because a key is never written twice
 * - `snapshots/{time}/{collection}.bson`: records, as BSON documents one after the other, as mongodump writes them
 * - `snapshots/{time}/files.ndjson`: the files that these records have
 * - `snapshots/{time}/manifest.json`: sizes and checksums of the above
 */
export class BackupFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Returns the names of the complete snapshots, the oldest first. */
  async snapshots(): Promise<string[]> {
    const complete: string[] = [];
    for (const name of await namesIn(join(this.path, 'snapshots'))) {
      if (await exists(join(this.path, 'snapshots', name, MANIFEST))) complete.push(name);
    }
    return complete.sort();
  }

  /** Begins a snapshot, and removes those that were never completed. */
  async begin(now: Date): Promise<NewSnapshot> {
    const complete = new Set(await this.snapshots());
    for (const name of await namesIn(join(this.path, 'snapshots'))) {
      if (!complete.has(name)) await rm(join(this.path, 'snapshots', name), { recursive: true });
    }
    const path = join(this.path, 'snapshots', now.toISOString().replaceAll(':', '-'));
    await mkdir(join(path, INCOMING), { recursive: true, mode: 0o700 });
    return new NewSnapshot(this, path);
  }

  async open(name: string): Promise<SavedSnapshot> {
    const path = join(this.path, 'snapshots', name);
    const manifest = JSON.parse(await readFile(join(path, MANIFEST), 'utf8')) as Manifest;
    return new SavedSnapshot(path, manifest);
  }

  /**
   * Passes on what `work` does with this folder.
   * @throws {BackupError} when the file system refuses it: missing rights, no space. The message says so.
   */
  async explaining<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!this.isRefused(error)) throw error;
      const advice = 'Can this user read and write there, and is there space?';
      throw new BackupError(`${this.path}: ${error.message}. ${advice}`, { cause: error });
    }
  }

  private isRefused(error: unknown): error is Error {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return false;
    // An error of a stream names no path.
    return 'path' in error ? String(error.path).startsWith(this.path) : OF_STREAMS.has(error.code);
  }

  /** The path of the bytes of a file. */
  fileAt(storage: string, key: string): string {
    if (!isObjectKey(key) || !/^[a-z0-9-]+$/.test(storage))
      throw new BackupError(`Not a key of a file: ${storage}/${key}.`);
    return join(this.path, 'files', storage, key);
  }
}

/** A complete snapshot. */
export class SavedSnapshot {
  constructor(
    private readonly path: string,
    readonly manifest: Manifest,
  ) {}

  /** The path of one of its contents. */
  at(name: string): string {
    return join(this.path, name);
  }

  async *files(): AsyncGenerator<SavedFile> {
    for await (const line of linesOf(this.at(FILE_LIST))) yield JSON.parse(line) as SavedFile;
  }
}

/** A snapshot that is being made. */
export class NewSnapshot {
  constructor(
    private readonly folder: BackupFolder,
    readonly path: string,
  ) {}

  at(name: string): string {
    return join(this.path, name);
  }

  /** The path of a temporary file. It is removed when the snapshot is complete. */
  temporary(name: string): string {
    return join(this.path, INCOMING, name);
  }

  /** The path of the bytes of a file. */
  pathOf({ storage, key }: RecordFile): string {
    return this.folder.fileAt(storage, key);
  }

  /**
   * Stores the bytes of a file, if they are not there yet. The file has its name only when all of it is on the disk.
   * @param file The file as its record has it. Bytes that are there already are not read again when the record has a
   * checksum: a key is never written twice, and `lectern backup --verify` reads them.
   * @returns the digest of the bytes, and whether they were copied now.
   */
  async keep(file: RecordFile, open: () => Promise<Readable>): Promise<ByteDigest & { copied: boolean }> {
    const { size: bytes, sha256 } = file;
    const path = this.pathOf(file);
    const present = await stat(path).catch(() => null);
    if (present?.size === bytes) {
      return { bytes, sha256: sha256 ?? (await digestOf(createReadStream(path))).sha256, copied: false };
    }
    const body = await open();
    const temporary = this.temporary('file');
    const digest = await writeDigested(temporary, body);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return { ...digest, copied: true };
  }

  /** Completes the snapshot: from then on it is the last one. */
  async complete(manifest: Manifest): Promise<void> {
    await rm(join(this.path, INCOMING), { recursive: true });
    const temporary = join(this.path, `${MANIFEST}.part`);
    await writeDigested(temporary, [`${JSON.stringify(manifest, undefined, 2)}\n`]);
    await syncFolder(this.path);
    await rename(temporary, join(this.path, MANIFEST));
    await syncFolder(this.path);
    await syncFolder(dirname(this.path));
  }
}

/** Writes a file, and computes its digest. Resolves when its bytes are on the disk. */
export async function writeDigested(
  path: string,
  body: Readable | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<ByteDigest> {
  const handle = await open(path, 'w', 0o600);
  const digest = new Digesting();
  await pipeline(body, digest, handle.createWriteStream({ flush: true }));
  return digest.result();
}

/** Passes bytes on, and computes their digest. */
export class Digesting extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  /** The digest of what has passed. Call it once, at the end. */
  result(): ByteDigest {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path);
  yield* file.readLines();
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
