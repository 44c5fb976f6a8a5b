import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { hasErrno } from './disk-errors.js';

/** Every key has three segments, so files lie two folders below the root. */
const FOLDERS_ABOVE_FILE = 2;

export interface WalkedFile {
  /** The names from the root down, joined by slashes: a key, or the path of an unfinished file. */
  readonly name: string;
  readonly path: string;
}

/**
 * Every regular file from the root down to where keys live, in no order. Memory is one folder handle per level, however
 * many files there are. Symlinks are not followed, and folders that vanish meanwhile are passed over.
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
