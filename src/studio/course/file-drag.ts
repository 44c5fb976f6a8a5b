import { useRef, useState, type DragEvent } from 'react';
import type { UploadSource } from '../../upload-client/api.js';

/** A file as it was dropped or chosen. */
export interface GivenFile {
  readonly name: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** The folders around it, outermost first. */
  readonly folders: readonly string[];
  readonly source: UploadSource & { readonly name: string };
}

export function filesOf(files: readonly File[]): GivenFile[] {
  return files.map((file) => ({ name: file.name, type: file.type, size: file.size, folders: [], source: file }));
}

interface FileDrag {
  /** Whether files are held over the element. */
  readonly isOver: boolean;
  readonly handlers: Pick<React.DOMAttributes<HTMLElement>, 'onDragEnter' | 'onDragOver' | 'onDragLeave' | 'onDrop'>;
}

/** Makes an element take files and folders that are dropped on it. The innermost such element gets them. */
export function useFileDrag(isOn: boolean, onFiles: (files: readonly GivenFile[]) => void): FileDrag {
  const depth = useRef(0);
  const [isOver, setOver] = useState(false);
  const enter = (change: 1 | -1 | 'out') => (event: DragEvent) => {
    if (!isOn || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    event.stopPropagation();
    depth.current = change === 'out' ? 0 : depth.current + change;
    setOver(depth.current > 0);
  };
  const drop = enter('out');
  return {
    isOver,
    handlers: {
      onDragEnter: enter(1),
      onDragLeave: enter(-1),
      onDragOver: (event) => {
        if (!isOn || !event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
      },
      onDrop: (event) => {
        drop(event);
        if (isOn && event.dataTransfer.types.includes('Files')) void droppedFiles(event.dataTransfer).then(onFiles);
      },
    },
  };
}

interface DirectoryHandle {
  readonly kind: 'directory';
  readonly name: string;
  values(): AsyncIterable<FileHandle | DirectoryHandle>;
}

interface FileHandle {
  readonly kind: 'file';
  readonly name: string;
  getFile(): Promise<File>;
}

interface ItemWithHandle {
  getAsFileSystemHandle?(): Promise<FileHandle | DirectoryHandle | null>;
}

/**
 * The files of a drop, those in folders too. Where the browser gives handles, they are kept: an upload then continues
 * after a reload without choosing the file again.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  // All at once, before the first wait: the browser empties the list when the event is over.
  const pending = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({
      handle: (item as ItemWithHandle).getAsFileSystemHandle?.().catch(() => null),
      entry: item.webkitGetAsEntry(),
      file: item.getAsFile(),
    }));
  const found = await Promise.all(
    pending.map(async ({ handle, entry, file }) => {
      const opened = await handle;
      if (opened) return filesOfHandle(opened, []);
      if (entry?.isDirectory) return filesOfEntry(entry, []);
      return file ? filesOf([file]) : [];
    }),
  );
  return found.flat();
}

async function filesOfHandle(handle: FileHandle | DirectoryHandle, folders: readonly string[]): Promise<GivenFile[]> {
  if (handle.kind === 'file') {
    const { type, size } = await handle.getFile();
    return [{ name: handle.name, type, size, folders, source: handle }];
  }
  const found: GivenFile[] = [];
  for await (const child of handle.values()) found.push(...(await filesOfHandle(child, [...folders, handle.name])));
  return byName(found);
}

async function filesOfEntry(entry: FileSystemEntry, folders: readonly string[]): Promise<GivenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return filesOf([file]).map((given) => ({ ...given, folders }));
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  // A reader gives at most 100 at a time, and nothing at the end.
  for (;;) {
    const page = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (page.length === 0) return byName(found);
    for (const child of page) found.push(...(await filesOfEntry(child, [...folders, entry.name])));
  }
}

/** In the order of a file manager: `2` before `10`. */
function byName(files: GivenFile[]): GivenFile[] {
  const path = ({ folders, name }: GivenFile): string => [...folders, name].join('/');
  return files.sort((a, b) => path(a).localeCompare(path(b), undefined, { numeric: true }));
}
