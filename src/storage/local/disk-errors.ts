import { LecternError } from '../../errors.js';

/**
 * What a disk or a mount answers when it cannot or may not serve us: an operator can repair each, and the same request
 * can then succeed. Anything else (ENOENT, EEXIST, EISDIR, ...) stays visible as it is. Codes: errno(3).
 */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'ENOSPC', // full
  'EDQUOT', // over quota
  'EFBIG', // larger than this file system, or this process, may have files
  'EACCES', // not permitted
  'EPERM',
  'EROFS', // mounted read-only
  'EIO', // broken hardware
  'EMFILE', // out of descriptors, this process or the system
  'ENFILE',
  'ENOMEM',
  'ENODEV', // the device, the mount or the file server went away
  'ENXIO',
  'ENOTCONN',
  'ENOTDIR', // a file stands where the folder should be
  'ESTALE',
  'EHOSTDOWN',
  'ETIMEDOUT',
]);

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = errnoOf(error);
  return code !== undefined && codes.includes(code);
}

/** STORAGE_UNAVAILABLE for what the disk itself refuses; every other error as it came. */
export function translateDiskError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined || !UNAVAILABLE.has(code)) return error;
  return new LecternError('STORAGE_UNAVAILABLE', undefined, { cause: error });
}

export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateDiskError(error);
  }
}
