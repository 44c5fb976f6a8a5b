import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { sideBySide } from '../side-by-side.js';
import { hasErrno } from './disk-errors.js';
import { foldersExist, removeEmptyFolders, syncFolder, type KeyPath } from './folders.js';

/** More would wait for the four threads that Node has for files. */
const FOLDERS_AT_ONCE = 8;

/**
 * Deletes files under `root`, and the folders that are empty then. Absent files are no error. The cost of one file does
 * not depend on how many others there are: no folder is listed. When it resolves, the deletions survive a power cut.
 */
export async function deleteFiles(root: string, places: readonly KeyPath[]): Promise<void> {
  const byFolder = new Map<string, [KeyPath, ...KeyPath[]]>();
  for (const place of places) {
    const others = byFolder.get(place.folder);
    if (others === undefined) byFolder.set(place.folder, [place]);
    else others.push(place);
  }
  // Where an owner's folder has gone as well, only its parent is synced: once for hundreds of owners.
  const changed = new Set<string>();
  await sideBySide(byFolder.values(), FOLDERS_AT_ONCE, async (files) => {
    const folder = await deleteInFolder(files);
    if (folder !== null) changed.add(folder);
  });
  await sideBySide(changed, FOLDERS_AT_ONCE, (folder) => syncNearest(root, folder));
}

/** Returns the innermost folder that is left; null when nothing was there. */
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

/** Syncs a folder, or the nearest one above it that has not been removed meanwhile. */
async function syncNearest(root: string, folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') || folder === root) throw error;
    await syncNearest(root, path.dirname(folder));
  }
}
