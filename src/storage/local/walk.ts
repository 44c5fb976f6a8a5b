import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { hasErrno } from './disk-errors.js';

/** Every key has three segments, so there are two folders between the root and a file. */
const FOLDERS_ABOVE_FILE = 2;

export interface WalkedFile {
  /** The path below the root, with slashes: an object key, or the path of an unfinished file. */
  readonly name: string;
  readonly path: string;
}

/**
 * Yields every regular file under `root` down to the depth of object keys, in any order. Keeps one folder per level
 * open and nothing else in memory. Does not follow symlinks. A folder that is removed meanwhile is skipped.
 * @param mayHold Returns false for a folder that need not be entered. The folder's name is its path below the root and
 *   ends with a slash.
 */
export async function* walkFiles(root: string, mayHold: (folderName: string) => boolean): AsyncGenerator<WalkedFile> {
  yield* walkFolder(root, '', FOLDERS_ABOVE_FILE, mayHold);
}

async function* walkFolder(
  folder: string,
  folderName: string,
  levelsBelow: number,
  mayHold: (folderName: string) => boolean,
): AsyncGenerator<WalkedFile> {
  for await (const entry of entriesOf(folder)) {
    const name = `${folderName}${entry.name}`;
    const entryPath = path.join(folder, entry.name);
    if (entry.isFile()) yield { name, path: entryPath };
    const inner = `${name}/`;
    if (entry.isDirectory() && levelsBelow > 0 && mayHold(inner)) {
      yield* walkFolder(entryPath, inner, levelsBelow - 1, mayHold);
    }
  }
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}
