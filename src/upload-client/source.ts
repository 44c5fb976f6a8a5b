import { UploadError, type UploadFileHandle, type UploadSource } from './api.js';

/** A file that can be read, and the handle that gave it, if one did. */
export interface OpenFile {
  readonly file: Blob;
  /** Undefined for a blob without a name. */
  readonly name: string | undefined;
  readonly handle?: UploadFileHandle;
}

/** https://wicg.github.io/file-system-access/#api-filesystemhandle: only some browsers ask for permission. */
interface WithPermission {
  queryPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
}

/** Opens what the caller gave. Rejects with FILE_NEEDED when the browser does not let us use a handle. */
export async function openSource(source: UploadSource): Promise<OpenFile> {
  if (source instanceof Blob) return { file: source, name: (source as { name?: string }).name };
  try {
    const handle: UploadFileHandle & WithPermission = source;
    const asked = { mode: 'read' } as const;
    // Asking the person works only while the page handles a click.
    if ((await handle.queryPermission?.(asked)) === 'prompt') await handle.requestPermission?.(asked);
    const file = await source.getFile();
    return { file, name: file.name, handle: source };
  } catch (cause) {
    throw fileNeeded(cause);
  }
}

export function fileNeeded(cause?: unknown): UploadError {
  return new UploadError('FILE_NEEDED', 'Choose the file again: this browser may not read it by itself.', {
    retryable: true,
    cause,
  });
}

/** Reads from a file. Rejects with FILE_UNREADABLE when the browser can no longer read it. */
export async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new UploadError(
      'FILE_UNREADABLE',
      'The file has changed since it was chosen, or may no longer be read. Choose it again.',
      { cause },
    );
  }
}
