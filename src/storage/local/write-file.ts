import { constants } from 'node:fs';
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasErrno, onDisk, translateDiskError } from './disk-errors.js';
import { makeFolders, makeRoot, removeEmptyFolders, syncFolder } from './folders.js';
import type { KeyPath } from './folders.js';
import { makeUnfinishedName } from './unfinished-name.js';

/** Gathered before a write: few large writes store a stream about a third faster than many of 16 KiB. */
const WRITE_BUFFER_BYTES = 1024 * 1024;

const FILE_MODE = 0o600;

/** Each try more means that a concurrent delete removed the folder in the instant after it was made. */
const MAX_FOLDER_TRIES = 100;

/** What link(2) answers on filesystems without hard links (exFAT, some network mounts). */
const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

export interface FileToWrite {
  readonly root: string;
  readonly key: string;
  readonly where: KeyPath;
  readonly body: Readable;
  readonly signal: AbortSignal;
}

interface UnfinishedFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Writes a body to a file that gets its name only when it is whole and on the disk. Never overwrites. Rejects with the
 * body's own error, the signal's reason, or the disk's error, and then leaves no unfinished file.
 */
export async function writeFile(target: FileToWrite): Promise<void> {
  const unfinished = await onDisk(() => createUnfinished(target));
  try {
    await fill(unfinished.handle, target.body, target.signal);
    target.signal.throwIfAborted();
    await onDisk(() => giveName(unfinished.path, target));
  } catch (error) {
    await removeUnfinished(unfinished, target);
    throw error;
  }
  await onDisk(async () => {
    await unfinished.handle.close();
    await rm(unfinished.path, { force: true });
    // New folders are names in their parents, so the whole chain is made durable.
    for (const folder of [...target.where.folders, target.root]) await syncFolder(folder);
  });
}

async function createUnfinished({ root, key, where }: FileToWrite): Promise<UnfinishedFile> {
  const unfinishedPath = path.join(where.folder, makeUnfinishedName(key));
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (let tries = 1; ; tries++) {
    try {
      await makeRoot(root);
      await makeFolders(where);
      return { path: unfinishedPath, handle: await open(unfinishedPath, flags, FILE_MODE) };
    } catch (error) {
      if (!hasErrno(error, 'ENOENT') || tries === MAX_FOLDER_TRIES) throw error;
    }
  }
}

async function fill(handle: FileHandle, body: Readable, signal: AbortSignal): Promise<void> {
  const file = handle.createWriteStream({ highWaterMark: WRITE_BUFFER_BYTES, autoClose: false });
  let diskError: unknown;
  // Heard before pipeline passes it on: if neither body nor caller has given up by now, it is the disk's own error.
  file.once('error', (error) => {
    if (!body.readableAborted && !signal.aborted) diskError = error;
  });
  try {
    await pipeline(body, file, { signal });
    await onDisk(() => handle.sync());
  } catch (error) {
    if (diskError !== undefined) throw translateDiskError(diskError);
    signal.throwIfAborted();
    throw error;
  } finally {
    file.destroy(); // or the handle could not be closed
  }
}

/** link(2) refuses a name that is taken, where rename(2) would overwrite it. */
async function giveName(unfinishedPath: string, { key, where }: FileToWrite): Promise<void> {
  try {
    await link(unfinishedPath, where.file);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) throw keyTaken(key, error);
    if (!hasErrno(error, ...NO_HARD_LINKS)) throw error;
    if (await exists(where.file)) throw keyTaken(key, error);
    await rename(unfinishedPath, where.file);
  }
}

function keyTaken(key: string, cause: unknown): Error {
  return new Error(`There is an object under "${key}" already: a key is never written twice.`, { cause });
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Says nothing of its own failure, which would hide why the write failed: the sweep finds what stays. */
async function removeUnfinished(unfinished: UnfinishedFile, { where }: FileToWrite): Promise<void> {
  try {
    await unfinished.handle.close();
    await rm(unfinished.path, { force: true });
    await removeEmptyFolders(where);
  } catch {
    return;
  }
}
