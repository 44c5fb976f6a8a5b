import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { directFilesNamed, parseDirectName, removeDirectFiles } from './direct-files.js';
import { hasErrno } from './disk-errors.js';
import { foldersExist, type KeyPath } from './folders.js';
import { ownerMark, parseUnfinishedName } from './unfinished-name.js';
import { walkFiles } from './walk.js';

/**
 * Removes the unfinished files and direct uploads of one key that were begun before `olderThan`. Lists the key's folder
 * only. Returns how many it removed.
 */
export async function sweepKey(key: string, where: KeyPath, olderThan: Date): Promise<number> {
  if (!(await foldersExist(where))) return 0;
  const owner = ownerMark(key);
  const names = await namesIn(where.folder);
  let removed = await removeUnfinished(names, olderThan, (name) => name.owner === owner, where.folder);
  for (const name of names) {
    const direct = parseDirectName(name);
    if (direct === null || direct.begunAt >= olderThan || direct.owner !== owner) continue;
    await removeDirectFiles(directFilesNamed(where, name));
    removed += 1;
  }
  return removed;
}

/**
 * Removes the unfinished files of all keys that were begun before `olderThan`. Returns how many it removed. Keeps direct
 * uploads, because only the journal knows whether they are still running.
 */
export async function sweepAll(root: string, olderThan: Date): Promise<number> {
  let removed = 0;
  for await (const file of walkFiles(root, () => true)) {
    removed += await removeUnfinished([path.basename(file.path)], olderThan, () => true, path.dirname(file.path));
  }
  return removed;
}

async function removeUnfinished(
  names: readonly string[],
  olderThan: Date,
  isWanted: (name: { readonly owner: string }) => boolean,
  folder: string,
): Promise<number> {
  let removed = 0;
  for (const name of names) {
    const unfinished = parseUnfinishedName(name);
    if (unfinished === null || unfinished.begunAt >= olderThan || !isWanted(unfinished)) continue;
    await rm(path.join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
