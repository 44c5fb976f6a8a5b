import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { syncFolder } from '../../sync-folder.js';
import { PartsChangedError, UploadGoneError } from '../direct-uploads.js';
import type {
  BeginOptions,
  DirectUpload,
  DirectUploads,
  PartToSign,
  ReceivedPart,
  ReceiveOptions,
  SignedPart,
  StoredPart,
} from '../direct-uploads.js';
import type { FileTokens } from '../file-token.js';
import { KeyedQueue } from '../../keyed-queue.js';
import { assertObjectKey, encodeKeyForUrl } from '../object-key.js';
import { directFilesOf, newUploadId, removeDirectFiles, type DirectFiles } from './direct-files.js';
import { hasErrno, onDisk } from './disk-errors.js';
import { fileExists } from './file-exists.js';
import { foldersExist, removeEmptyFolders, syncFolders } from './folders.js';
import { readMarks } from './part-marks.js';
import { partBusy, PartWriter } from './part-writer.js';
import { statFile } from './stat-file.js';
import { createInFolders, giveName } from './write-file.js';

export interface LocalDirectUploadsOptions {
  /** Where the files are. Absolute. */
  readonly root: string;
  /** This server's `/files` as clients reach it. A function, because the port may be known later. */
  readonly filesUrl: () => string;
  readonly tokens: FileTokens;
  /** How long a request may send no byte of a part before another one may take the part over, in milliseconds. */
  readonly silenceMs: number;
}

/**
 * Direct uploads to a disk of the server's own: `PUT /files/uploads/...` writes each part at its place in one sparse
 * file, which completion only has to name.
 */
export class LocalDirectUploads implements DirectUploads {
  /** The parts that this process is writing. */
  private readonly writers = new Map<string, { readonly writer: PartWriter; readonly ended: Promise<unknown> }>();
  /** Completions and aborts, by upload. */
  private readonly ends = new KeyedQueue();

  constructor(private readonly options: LocalDirectUploadsOptions) {}

  async begin(key: string, { size }: BeginOptions): Promise<string> {
    const { root } = this.options;
    const uploadId = newUploadId();
    const files = directFilesOf(root, key, uploadId);
    if (files === null) throw new TypeError(`"${uploadId}" is no id of an upload.`);
    await onDisk(async () => {
      const bytes = await createInFolders(root, files.where, files.bytes);
      try {
        await bytes.truncate(size);
        await bytes.sync();
      } finally {
        await bytes.close();
      }
      const marks = await createInFolders(root, files.where, files.marks);
      await marks.close();
      await syncFolders(root, files.where);
    });
    return uploadId;
  }

  async signPart(upload: DirectUpload, part: PartToSign, expiresAt: Date): Promise<SignedPart> {
    const { key, uploadId, partSize } = upload;
    assertObjectKey(key);
    const offset = (part.number - 1) * partSize;
    const query = this.options.tokens.signPart({ ...part, key, uploadId, offset, expiresAt });
    return {
      method: 'PUT',
      url: `${this.options.filesUrl()}/uploads/${encodeKeyForUrl(key)}?${query.toString()}`,
      headers: part.md5 === undefined ? [] : [{ name: 'content-md5', value: part.md5 }],
      expiresAt,
    };
  }

  async *listParts({ key, uploadId }: DirectUpload): AsyncGenerator<StoredPart> {
    const files = await this.filesOf(key, uploadId);
    yield* await onDisk(async () => {
      // In this order: an upload that is being sealed meanwhile is found under its second name.
      const marks = (await openIfThere(files.marks)) ?? (await openIfThere(files.sealed));
      if (marks === null) throw new UploadGoneError(key);
      return wholeParts(marks);
    });
  }

  async receivePart(
    part: ReceivedPart,
    body: Readable,
    signal: AbortSignal,
    { ownsChunks = false }: ReceiveOptions = {},
  ): Promise<void> {
    const { silenceMs } = this.options;
    const files = await this.filesOf(part.key, part.uploadId);
    const id = `${part.uploadId}/${part.number}`;
    const writer = new PartWriter({ part, files, body, ownsChunks, signal, silenceMs });
    for (let other = this.writers.get(id); other !== undefined; other = this.writers.get(id)) {
      if (other.writer.silentMs < silenceMs) throw partBusy();
      other.writer.giveUp(partBusy());
      await other.ended;
    }
    const written = writer.write();
    const ended = written.catch(() => undefined).finally(() => this.writers.delete(id));
    this.writers.set(id, { writer, ended });
    await written;
  }

  async complete(upload: DirectUpload, parts: readonly StoredPart[], signal: AbortSignal): Promise<void> {
    const { key, uploadId } = upload;
    const files = await this.filesOf(key, uploadId);
    await this.ends.run(uploadId, () =>
      onDisk(async () => {
        signal.throwIfAborted();
        if (!(await seal(files))) {
          if (!(await isStored(upload, files))) throw new UploadGoneError(key);
        } else {
          await this.assertUnchanged(upload, files, parts);
          await this.name(upload, files);
        }
        await removeDirectFiles(files);
      }),
    );
  }

  async abort({ key, uploadId }: DirectUpload): Promise<void> {
    const files = directFilesOf(this.options.root, key, uploadId);
    if (files === null) return;
    await this.ends.run(uploadId, () =>
      onDisk(async () => {
        if (!(await foldersExist(files.where))) return;
        await removeDirectFiles(files);
        await this.endWriters(uploadId, key);
        await syncFolder(await removeEmptyFolders(files.where));
      }),
    );
  }

  /** Throws PartsChangedError, and lets parts be written again, unless the whole parts are these and no others. */
  private async assertUnchanged(
    { key, size }: DirectUpload,
    { sealed, marks }: DirectFiles,
    expected: readonly StoredPart[],
  ): Promise<void> {
    const file = await openIfThere(sealed);
    if (file === null) throw new UploadGoneError(key);
    const parts = await wholeParts(file);
    const total = parts.reduce((sum, part) => sum + part.size, 0);
    const isSame = parts.length === expected.length && parts.every(({ etag }, at) => etag === expected[at]?.etag);
    if (isSame && total === size) return;
    await rename(sealed, marks);
    throw new PartsChangedError(key);
  }

  /** Gives the bytes the name of their object. Each part has been synced; this is for the length of the file. */
  private async name(upload: DirectUpload, files: DirectFiles): Promise<void> {
    if (await isStored(upload, files)) return;
    const bytes = await open(files.bytes, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await bytes.sync();
    } finally {
      await bytes.close();
    }
    await giveName(files.bytes, upload.key, files.where);
    await syncFolders(this.options.root, files.where);
  }

  private async endWriters(uploadId: string, key: string): Promise<void> {
    const ofUpload = [...this.writers].filter(([id]) => id.startsWith(`${uploadId}/`));
    for (const [, { writer }] of ofUpload) writer.giveUp(new UploadGoneError(key));
    await Promise.all(ofUpload.map(([, { ended }]) => ended));
  }

  /** Rejects with UploadGoneError when the folder of the key is not there, or is behind a symlink. */
  private async filesOf(key: string, uploadId: string): Promise<DirectFiles> {
    const files = directFilesOf(this.options.root, key, uploadId);
    if (files !== null && (await onDisk(() => foldersExist(files.where)))) return files;
    throw new UploadGoneError(key);
  }
}

/** From now on no part can be written. Returns false when there is no such upload. */
async function seal({ marks, sealed }: DirectFiles): Promise<boolean> {
  try {
    await rename(marks, sealed);
    return true;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    return fileExists(sealed);
  }
}

/** A key is never written twice, so what is there was made by an earlier completion. */
async function isStored({ size }: DirectUpload, { where }: DirectFiles): Promise<boolean> {
  return (await foldersExist(where)) && (await statFile(where.file))?.size === size;
}

async function wholeParts(marks: FileHandle): Promise<StoredPart[]> {
  try {
    const all = await readMarks(marks);
    return all
      .filter(([, { state }]) => state === 'whole')
      .map(([number, { size, token, md5Signed }]) => ({ number, size, etag: token, md5Signed }));
  } finally {
    await marks.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
