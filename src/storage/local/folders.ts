import { lstat, mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../sync-folder.js';
import { assertObjectKey } from '../object-key.js';
import { hasErrno } from './disk-errors.js';

/** Only the user that runs the server may list or enter the folder. */
const FOLDER_MODE = 0o700;

/** The paths of a key: its folders, from the outermost to the one that contains the file, and the file itself. */
export interface KeyPath {
  readonly folders: readonly string[];
  readonly folder: string;
  readonly file: string;
}

/**
 * Returns the paths of a key under `root`.
 * @throws {InvalidObjectKeyError} when it is not an object key, so that `..` in any spelling never reaches the disk.
 */
export function pathOfKey(root: string, key: string): KeyPath {
  assertObjectKey(key);
  const file = path.resolve(root, ...key.split('/'));
  const folder = path.dirname(file);
  return { folders: [path.dirname(folder), folder], folder, file };
}

/** Creates the root folder if it does not exist. It may be a symlink, because the operator chose it. */
export async function makeRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: FOLDER_MODE });
}

/**
 * Creates the folders of a key one by one: a recursive mkdir would follow symlinks and create folders outside the root.
 * Rejects with ENOENT when a concurrent deletion has removed the outer folder; the caller then tries again.
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

/**
 * Returns true when all folders of a key exist.
 * Returns false for a symlink, which could lead out of the root.
 */
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
 * Removes the empty folders of a key, the innermost first. A folder that is not empty stays: rmdir refuses it.
 * Returns the innermost folder that still exists. Once it is synced, the removal of the file and of the folders
 * survives a power failure.
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

/** Makes a new file of a key survive a power failure: a new folder is an entry of its parent, so all up to the root are synced. */
export async function syncFolders(root: string, where: KeyPath): Promise<void> {
  for (const folder of [...where.folders, root]) await syncFolder(folder);
}

async function isFolder(folder: string): Promise<boolean> {
  return (await lstat(folder)).isDirectory();
}
