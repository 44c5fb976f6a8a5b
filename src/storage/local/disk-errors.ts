import { LecternError } from '../../errors.js';

/**
 * The errno codes (errno(3)) of disks and mounts that cannot be used. An operator can repair each of them, and the same
 * request can then succeed. Other codes (ENOENT, EEXIST, EISDIR, ...) are not translated.
 */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'ENOSPC', // full
  'EDQUOT', // over quota
  'EFBIG', // the file is larger than the file system or this process (ulimit) allows
  'EACCES', // not permitted
  'EPERM',
  'EROFS', // mounted read-only
  'EIO', // broken hardware
  'EMFILE', // this process (EMFILE) or the system (ENFILE) has no file descriptors left
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

/** Returns STORAGE_UNAVAILABLE for the codes above, and every other error unchanged. */
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
