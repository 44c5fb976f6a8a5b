import { useState } from 'react';
import type { LessonMediaFragment } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import { FileDrop } from '../uploads/file-drop.js';
import { Problem } from '../ui/problem.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import css from './video.module.css';

const QUALITY = 0.9;
const TYPE = 'image/jpeg';

/** The still picture of a lesson: a file, or the frame that the player shows. */
export function PosterEditor({
  lesson: { id, title, file, thumbnailUrl, isAudio },
}: {
  readonly lesson: LessonMediaFragment;
}) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const send = (picture: File): void => uploads.start(picture, { slot: 'VIDEO_THUMBNAIL', ownerId: id });

  const takeFrame = async (): Promise<void> => {
    setError(undefined);
    setBusy(true);
    try {
      const playing = document.querySelector<HTMLVideoElement>('main video');
      if (playing && file) send(await frameOf(playing, file.url, `${title}.jpg`));
    } catch (thrown) {
      setError(new Error(words.video.posterTainted, { cause: thrown }));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className={css.panel}>
      <FileDrop
        label={words.video.posterChoose}
        slot="VIDEO_THUMBNAIL"
        file={null}
        present={thumbnailUrl}
        onFile={send}
      />
      {file && !isAudio && (
        <div className={css.panelActions}>
          <Button disabled={isBusy} onClick={() => void takeFrame()}>
            {words.video.posterFromFrame}
          </Button>
        </div>
      )}
      <Problem error={error} />
    </div>
  );
}

/**
 * The frame that a player shows, as a picture. A file of another origin is loaded once more, with CORS: what a player
 * has loaded without it may be shown but not read.
 */
async function frameOf(playing: HTMLVideoElement, url: string, name: string): Promise<File> {
  try {
    return await drawn(playing, name);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  const copy = document.createElement('video');
  copy.crossOrigin = 'anonymous';
  copy.muted = true;
  copy.src = url;
  copy.currentTime = playing.currentTime;
  await new Promise((resolve, reject) => {
    copy.onseeked = resolve;
    copy.onerror = () => reject(new Error(copy.error?.message ?? 'The video cannot be loaded with CORS.'));
  });
  return drawn(copy, name);
}

async function drawn(video: HTMLVideoElement, name: string): Promise<File> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  if (!blob) throw new Error('The player shows no frame yet.');
  return new File([blob], name, { type: TYPE });
}
