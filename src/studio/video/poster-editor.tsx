import { useRef, useState } from 'react';
import type { LessonMediaFragment } from '../gql/graphql.js';
import { Button } from '../ui/button.js';
import { Problem } from '../ui/problem.js';
import { FileDrop } from '../uploads/file-drop.js';
import { uploads } from '../uploads/upload-list.js';
import { words } from '../words.js';
import { frameAt, frameOf } from './frame.js';
import { useLocalFilm } from './local-film.js';
import css from './video.module.css';

interface PosterEditorProps {
  readonly lesson: LessonMediaFragment;
}

/** The still picture of a lesson: a file, a frame of the player, or a frame of the film that is being sent. */
export function PosterEditor({ lesson: { id, title, file, thumbnailUrl, isAudio } }: PosterEditorProps) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const local = useRef<HTMLVideoElement>(null);
  const localFilm = useLocalFilm(id);
  const name = `${title}.jpg`;
  const send = (picture: File): void => uploads.start(picture, { slot: 'VIDEO_THUMBNAIL', ownerId: id });

  const take = async (frame: () => Promise<File>): Promise<void> => {
    setError(undefined);
    setBusy(true);
    try {
      send(await frame());
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const frameOfPlayer = async (): Promise<File> => {
    const player = document.querySelector<HTMLVideoElement>('main video');
    if (!player || !file) throw new Error(words.video.posterNoFrame);
    try {
      return await frameOf(player, name);
    } catch (thrown) {
      if (!(thrown instanceof DOMException)) throw thrown;
    }
    try {
      return await frameAt(localFilm ?? file.url, player.currentTime, name);
    } catch (cause) {
      throw new Error(words.video.posterTainted, { cause });
    }
  };
  const button = (label: string, frame: () => Promise<File>) => (
    <div className={css.panelActions}>
      <Button disabled={isBusy} onClick={() => void take(frame)}>
        {label}
      </Button>
    </div>
  );

  return (
    <section className={css.panel} aria-label={words.video.poster}>
      <FileDrop
        label={words.video.posterChoose}
        slot="VIDEO_THUMBNAIL"
        file={null}
        present={thumbnailUrl}
        onFile={send}
      />
      {file && !isAudio && button(words.video.posterFromFrame, frameOfPlayer)}
      {!file && localFilm !== null && (
        <>
          <video
            ref={local}
            className={css.localFilm}
            src={localFilm}
            aria-label={words.video.localFilm}
            controls
            muted
            playsInline
          />
          {button(words.video.posterFromLocal, async () => {
            if (!local.current) throw new Error(words.video.posterNoFrame);
            return frameOf(local.current, name);
          })}
        </>
      )}
      <Problem error={error} />
    </section>
  );
}
