import { lstat, mkdir, open, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { assertObjectKey } from '../object-key.js';
import { hasErrno } from './disk-errors.js';

/** Only the server's own user may look in. */
const FOLDER_MODE = 0o700;

/** Where a key lives: the folders from the outermost to the one that holds the file, and the file. */
export interface KeyPath {
  readonly folders: readonly string[];
  readonly folder: string;
  readonly file: string;
}

/** Resolves a key under the root, and refuses whatever is not a key: `..` and its disguises never reach the disk. */
export function pathOfKey(root: string, key: string): KeyPath {
  assertObjectKey(key);
  const file = path.resolve(root, ...key.split('/'));
  const folder = path.dirname(file);
  return { folders: [path.dirname(folder), folder], folder, file };
}

/** Makes the root if there is none. The root itself may be a symlink: the operator chose it. */
export async function makeRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: FOLDER_MODE });
}

/**
 * Makes a key's folders, one by one: a recursive mkdir would follow a symlink and make folders outside the root.
 * Rejects with ENOENT when a concurrent delete removed an outer folder meanwhile; the caller tries again.
 */
export async function makeFolders(where: KeyPath): Promise<void> {
  for (const folder of where.folders) {
    try {
      await mkdir(folder, { mode: FOLDER_MODE });
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
    if (!(await isFolder(folder))) throw new Error(`Not a folder of the local storage (a symlink?): ${folder}`);
  }
}

/** Whether every folder of a key is a real one. A symlink could lead out of the root: behind it is nothing. */
export async function foldersExist(where: KeyPath): Promise<boolean> {
  for (const folder of where.folders) {
    try {
      if (!(await isFolder(folder))) return false;
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }
  return true;
}

/**
 * Removes a key's folders from the inside out, as far as they are empty. Never one in use: rmdir refuses it.
 * Returns the innermost folder that is left: syncing it makes the removals, and that of the file, survive a power cut.
 */
export async function removeEmptyFolders(where: KeyPath): Promise<string> {
  for (const folder of [...where.folders].reverse()) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (hasErrno(error, 'ENOTEMPTY', 'EEXIST')) return folder;
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }
  return path.dirname(where.folders[0] ?? where.folder);
}

/** Makes the names in a folder survive a power cut: fsync(2), "also fsync the directory". */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return (await lstat(folder)).isDirectory();
}
