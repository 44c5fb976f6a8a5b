import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../sync-folder.js';
import { sideBySide } from '../side-by-side.js';
import { hasErrno } from './disk-errors.js';
import { foldersExist, removeEmptyFolders, type KeyPath } from './folders.js';

/** More would gain nothing: Node runs file operations on four threads by default (UV_THREADPOOL_SIZE). */
const FOLDERS_AT_ONCE = 8;

/**
 * Deletes files under `root`, and then the folders that have become empty. A file that does not exist is not an error.
 * It lists no folder, so the cost does not depend on how many other files there are. When it resolves, the deletions
 * survive a power failure.
 */
export async function deleteFiles(root: string, places: readonly KeyPath[]): Promise<void> {
  const byFolder = new Map<string, [KeyPath, ...KeyPath[]]>();
  for (const place of places) {
    const others = byFolder.get(place.folder);
    if (others === undefined) byFolder.set(place.folder, [place]);
    else others.push(place);
  }
  // When the folders of many owners were removed, their common parent is synced once.
  const changed = new Set<string>();
  await sideBySide(byFolder.values(), FOLDERS_AT_ONCE, async (files) => {
    const folder = await deleteInFolder(files);
    if (folder !== null) changed.add(folder);
  });
  await sideBySide(changed, FOLDERS_AT_ONCE, (folder) => syncNearest(root, folder));
}

/**
 * Deletes files that are in one folder. Returns the innermost folder of theirs that still exists.
 * Returns null when there was no such folder.
 */
async function deleteInFolder(places: readonly [KeyPath, ...KeyPath[]]): Promise<string | null> {
  const [where] = places;
  if (!(await foldersExist(where))) return null;
  for (const { file } of places) await deleteFile(file);
  return removeEmptyFolders(where);
}

async function deleteFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

/** Syncs a folder. If it has been removed meanwhile, syncs the nearest folder above it that exists. */
async function syncNearest(root: string, folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') || folder === root) throw error;
    await syncNearest(root, path.dirname(folder));
  }
}
