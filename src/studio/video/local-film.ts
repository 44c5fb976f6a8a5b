import { useEffect, useState } from 'react';
import { uploads, useUploads } from '../uploads/upload-list.js';

/**
 * An address of the film that this tab sends to a lesson, or has sent. The page may read its pictures, wherever the
 * storage is.
 * @returns Null when this tab has sent none, and until the file is opened.
 */
export function useLocalFilm(id: string): string | null {
  const upload = useUploads().findLast(({ target }) => target.slot === 'VIDEO_FILE' && target.ownerId === id);
  const key = upload?.state === 'refused' ? undefined : upload?.key;
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (key === undefined) return;
    let opened: string | undefined;
    let isOver = false;
    const open = (file: Blob): void => {
      if (isOver) return;
      opened = URL.createObjectURL(file);
      setUrl(opened);
    };
    // Without the file there is no local film.
    uploads.fileOf(key).then(
      (file) => file && open(file),
      () => undefined,
    );
    return () => {
      isOver = true;
      setUrl(null);
      if (opened !== undefined) URL.revokeObjectURL(opened);
    };
  }, [key]);
  return url;
}
