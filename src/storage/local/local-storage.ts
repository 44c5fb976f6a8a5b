import { constants, createReadStream, open } from 'node:fs';
import { rm, writeFile as writeWholeFile } from 'node:fs/promises';
import path from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Diagnosis } from '../../diagnosis.js';
import { DEFAULT_TIMINGS, type Timings } from '../../timings.js';
import type { FileTokens } from '../file-token.js';
import { assertObjectKey, encodeKeyForUrl, isObjectKey } from '../object-key.js';
import { assertReadable } from '../assert-readable.js';
import { ObjectNotFoundError } from '../storage.js';
import type {
  ListedObject,
  ObjectStat,
  OpenOptions,
  PutOptions,
  SignedUrl,
  SignGetOptions,
  Storage,
  UnfinishedObject,
  UnfinishedOptions,
} from '../storage.js';
import { deleteFiles } from './delete-files.js';
import { diagnoseLocal } from './diagnose-local.js';
import { parseDirectName } from './direct-files.js';
import { LocalDirectUploads } from './direct-uploads.js';
import { hasErrno, onDisk, translateDiskError } from './disk-errors.js';
import { foldersExist, makeRoot, pathOfKey } from './folders.js';
import type { KeyPath } from './folders.js';
import { statFile } from './stat-file.js';
import { sweepAll, sweepKey } from './unfinished-files.js';
import { makeUnfinishedName, ownerMark, parseUnfinishedName } from './unfinished-name.js';
import { walkFiles } from './walk.js';
import type { WalkedFile } from './walk.js';
import { writeFile } from './write-file.js';

export interface LocalStorageOptions {
  /** The folder of the files. Created if it does not exist. Nothing else may be stored in it. */
  readonly directory: string;
  /**
   * Returns this server's URL as clients reach it, without `/files`. A function, because the port may be known later.
   */
  readonly publicUrl: () => string;
  readonly tokens: FileTokens;
  /** Absent: the defaults. */
  readonly timings?: Pick<Timings, 'partSilence'>;
}

/** Read ahead from each open file, in bytes. */
const READ_BUFFER_BYTES = 256 * 1024;

const PROBE_KEY = 'probe';

const openDescriptor = promisify(open);

/** Stores files in a local folder. `http/files.ts` serves them. */
export class LocalStorage implements Storage {
  readonly name = 'local';
  readonly direct: LocalDirectUploads;
  private readonly root: string;
  private readonly publicUrl: () => string;
  private readonly tokens: FileTokens;

  constructor(options: LocalStorageOptions) {
    this.root = path.resolve(options.directory);
    this.publicUrl = options.publicUrl;
    this.tokens = options.tokens;
    this.direct = new LocalDirectUploads({
      root: this.root,
      filesUrl: () => this.filesUrl(),
      tokens: options.tokens,
      silenceMs: (options.timings ?? DEFAULT_TIMINGS).partSilence,
    });
  }

  async put(key: string, body: Readable, { signal, ownsChunks = false }: PutOptions): Promise<void> {
    const where = pathOfKey(this.root, key);
    assertReadable(body);
    signal.throwIfAborted();
    await writeFile({ root: this.root, key, where, body, signal, ownsChunks });
  }

  async open(key: string, { range, signal }: OpenOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const fd = await onDisk(() => openFile(pathOfKey(this.root, key)));
    if (fd === null) throw new ObjectNotFoundError(this.name, key);
    // It closes the file at its end. The stream of a FileHandle reads a fifth slower.
    const stream = createReadStream('', { fd, highWaterMark: READ_BUFFER_BYTES, ...range });
    return signal === undefined ? stream : addAbortSignal(signal, stream);
  }

  async stat(key: string): Promise<ObjectStat | null> {
    const where = pathOfKey(this.root, key);
    return onDisk(async () => ((await foldersExist(where)) ? statFile(where.file) : null));
  }

  async delete(keys: readonly string[]): Promise<void> {
    const places = keys.map((key) => pathOfKey(this.root, key));
    await onDisk(() => deleteFiles(this.root, places));
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for await (const file of this.filesUnder(prefix)) {
      const stat = isObjectKey(file.name) ? await onDisk(() => statFile(file.path)) : null;
      if (stat !== null) yield { key: file.name, ...stat };
    }
  }

  canonicalUrl(key: string): string {
    return `${this.filesUrl()}/${encodeKeyForUrl(key)}`;
  }

  signGet(key: string, { expiresAt, disposition, contentType }: SignGetOptions): SignedUrl {
    assertObjectKey(key);
    const query = this.tokens.sign({ purpose: 'get', method: 'GET', key, expiresAt, disposition, contentType });
    return { url: `${this.canonicalUrl(key)}?${query.toString()}`, expiresAt };
  }

  async sweepUnfinished({ olderThan, key }: UnfinishedOptions): Promise<number> {
    if (key === undefined) return onDisk(() => sweepAll(this.root, olderThan));
    const where = pathOfKey(this.root, key);
    return onDisk(() => sweepKey(key, where, olderThan));
  }

  async *unfinished(prefix: string): AsyncGenerator<UnfinishedObject> {
    for await (const { name } of this.filesUnder(prefix)) {
      const baseName = path.posix.basename(name);
      const unfinished = parseUnfinishedName(baseName) ?? parseDirectName(baseName);
      if (unfinished === null) continue;
      const { owner, begunAt } = unfinished;
      yield { name, id: name, begunAt, belongsTo: (key) => ownerMark(key) === owner };
    }
  }

  /** Writes a small file and removes it: the only way to notice a full or read-only disk, even as root. */
  async check(): Promise<void> {
    await onDisk(async () => {
      await makeRoot(this.root);
      // Named like an unfinished file, so that the sweeper removes it if the process dies before `rm`.
      const probe = path.join(this.root, makeUnfinishedName(PROBE_KEY));
      await writeWholeFile(probe, PROBE_KEY, { flag: 'wx', mode: 0o600 });
      await rm(probe, { force: true });
    });
  }

  diagnose(): AsyncIterable<Diagnosis> {
    return diagnoseLocal(this, this.root);
  }

  async close(): Promise<void> {
    // Nothing to close: no handle stays open between two calls.
  }

  private filesUrl(): string {
    return `${this.publicUrl().replace(/\/+$/, '')}/files`;
  }

  private async *filesUnder(prefix: string): AsyncGenerator<WalkedFile> {
    const mayHold = (folderName: string): boolean => folderName.startsWith(prefix) || prefix.startsWith(folderName);
    try {
      for await (const file of walkFiles(this.root, mayHold)) if (file.name.startsWith(prefix)) yield file;
    } catch (error) {
      throw translateDiskError(error);
    }
  }
}

/**
 * Opens the file of a key for reading. Symlinks are not followed: they could lead out of the root.
 * Returns its descriptor, or null when there is no regular file.
 */
async function openFile(where: KeyPath): Promise<number | null> {
  if (!(await foldersExist(where)) || (await statFile(where.file)) === null) return null;
  try {
    return await openDescriptor(where.file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null;
    throw error;
  }
}
