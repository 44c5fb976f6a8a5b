import { lstat } from 'node:fs/promises';
import { hasErrno } from './disk-errors.js';

/** Whether anything has this name: also a symlink that leads nowhere. */
export async function fileExists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
