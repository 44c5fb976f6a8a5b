import { constants } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { hasErrno, onDisk } from './disk-errors.js';
import { fileExists } from './file-exists.js';
import { makeFolders, makeRoot, removeEmptyFolders, syncFolders } from './folders.js';
import type { KeyPath } from './folders.js';
import { streamToFile } from './stream-to-file.js';
import { makeUnfinishedName } from './unfinished-name.js';

const FILE_MODE = 0o600;

/** A new attempt is needed when a concurrent deletion removed the folder right after it was created. */
const MAX_FOLDER_TRIES = 100;

/** The errors of link(2) on file systems without hard links (exFAT, some network mounts). */
const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

export interface FileToWrite {
  readonly root: string;
  readonly key: string;
  readonly where: KeyPath;
  readonly body: Readable;
  readonly signal: AbortSignal;
  /** As in PutOptions. */
  readonly ownsChunks: boolean;
}

interface UnfinishedFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Writes a body to a temporary file and gives it its final name when all bytes are on the disk. Never overwrites a
 * file.
 * Rejects with the body's own error, the signal's reason or the disk's error (translated), and then removes the
 * temporary file.
 */
export async function writeFile(target: FileToWrite): Promise<void> {
  const unfinished = await onDisk(() => createUnfinished(target));
  try {
    const { handle } = unfinished;
    await streamToFile(handle, target.body, {
      signal: target.signal,
      ownsChunks: target.ownsChunks,
      sync: () => handle.sync(),
    });
    target.signal.throwIfAborted();
    await onDisk(() => giveName(unfinished.path, target.key, target.where));
  } catch (error) {
    await removeUnfinished(unfinished, target);
    throw error;
  }
  await onDisk(async () => {
    await unfinished.handle.close();
    await rm(unfinished.path, { force: true });
    await syncFolders(target.root, target.where);
  });
}

async function createUnfinished({ root, key, where }: FileToWrite): Promise<UnfinishedFile> {
  const unfinishedPath = path.join(where.folder, makeUnfinishedName(key));
  return { path: unfinishedPath, handle: await createInFolders(root, where, unfinishedPath) };
}

/** Makes a file that is not there yet, for writing, and the folders of its key. */
export async function createInFolders(root: string, where: KeyPath, file: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (let tries = 1; ; tries++) {
    try {
      await makeRoot(root);
      await makeFolders(where);
      return await open(file, flags, FILE_MODE);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT') || tries === MAX_FOLDER_TRIES) throw error;
    }
  }
}

/**
 * Gives the file its final name by link(2), which refuses an existing name; rename(2) would overwrite it. The old name
 * stays, except on file systems without hard links.
 */
export async function giveName(unfinishedPath: string, key: string, where: KeyPath): Promise<void> {
  try {
    await link(unfinishedPath, where.file);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) throw keyTaken(key, error);
    if (!hasErrno(error, ...NO_HARD_LINKS)) throw error;
    if (await fileExists(where.file)) throw keyTaken(key, error);
    await rename(unfinishedPath, where.file);
  }
}

function keyTaken(key: string, cause: unknown): Error {
  return new Error(`There is already an object with the key "${key}", and a key must never be written twice.`, {
    cause,
  });
}

/** Ignores its own failures, which would hide why the write failed. The sweeper removes a file that stays. */
async function removeUnfinished(unfinished: UnfinishedFile, { where }: FileToWrite): Promise<void> {
  try {
    await unfinished.handle.close();
    await rm(unfinished.path, { force: true });
    await removeEmptyFolders(where);
  } catch {
    return;
  }
}
