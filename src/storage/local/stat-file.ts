import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { ObjectStat } from '../storage.js';
import { hasErrno } from './disk-errors.js';

/** Returns null when there is no regular file at this path. */
export async function statFile(file: string): Promise<ObjectStat | null> {
  let stats: Stats;
  try {
    stats = await lstat(file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
  return stats.isFile() ? { size: stats.size, modifiedAt: stats.mtime } : null;
}
