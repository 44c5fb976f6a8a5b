import { useEffect, useRef } from 'react';
import type { LessonMediaFragment } from '../gql/graphql.js';
import { classes } from '../ui/classes.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { lessonMarks } from './lesson-marks.js';
import css from './player.module.css';
import { PlayerControls } from './player-controls.js';
import { commandOf } from './player-keys.js';
import { useCaptionTracks } from './use-caption-tracks.js';
import { useFreshSource } from './use-fresh-source.js';
import { usePlayback } from './use-playback.js';

interface PlayerProps {
  readonly lesson: LessonMediaFragment;
}

/** A position nearer to the beginning than this is not continued, in seconds. */
const WORTH_CONTINUING = 3;
/** How often the position is noted while it plays, in seconds. */
const NOTE_EVERY = 2;

/** Plays a lesson, for longer than the URL of its file lives. */
export function Player({ lesson }: PlayerProps) {
  const { id, title, file, thumbnailUrl, isAudio } = lesson;
  const frame = useRef<HTMLElement>(null);
  const media = useRef<HTMLVideoElement>(null);
  const cover = useRef<HTMLCanvasElement>(null);
  const { error, renewWhenDue, renewWhenStuck } = useFreshSource(id, file, media, cover);
  const playback = usePlayback(media);
  const { tracks, chosen, choose } = useCaptionTracks(lesson.captions ?? [], media);
  useRememberedPosition(id, media);

  return (
    <>
      <section
        ref={frame}
        className={classes(css.player, isAudio && css.audio)}
        aria-label={words.player.region(title)}
        onKeyDown={(event) => {
          const command = media.current && frame.current && commandOf(event, media.current, frame.current);
          if (!command) return;
          event.preventDefault();
          if (command === 'captions') choose(chosen === null ? (tracks[0]?.id ?? null) : null);
          else command();
        }}
      >
        <video
          ref={media}
          className={css.media}
          playsInline
          preload="metadata"
          poster={thumbnailUrl ?? undefined}
          aria-label={title}
          tabIndex={0}
          onClick={() => toggle(media.current)}
          onTimeUpdate={renewWhenDue}
          onPlay={renewWhenDue}
          onSeeking={renewWhenDue}
          onWaiting={renewWhenStuck}
          onStalled={renewWhenStuck}
          onError={renewWhenStuck}
        >
          {tracks.map(({ id: key, url, kind, language, label }) => (
            <track key={key} id={key} src={url} kind={kind} srcLang={language} label={label} />
          ))}
        </video>
        <canvas ref={cover} className={css.cover} hidden aria-hidden="true" />
        {playback.isWaiting && <span className={css.spinner} aria-hidden="true" />}
        <PlayerControls
          playback={playback}
          media={media}
          frame={frame}
          tracks={tracks}
          chosenTrack={chosen}
          onTrack={choose}
        />
      </section>
      <p className="visually-hidden">{words.player.keys}</p>
      {playback.hasFailed && <Problem error={new Error(words.player.cannotPlay)} />}
      <Problem error={error} onRetry={renewWhenStuck} />
    </>
  );
}

export function toggle(media: HTMLVideoElement | null): void {
  if (!media) return;
  // A browser may refuse to play; then it stays paused, and the button says so.
  if (media.paused) media.play().catch(() => undefined);
  else media.pause();
}

/** Continues where the lesson was left on this device, and notes how far it is watched. */
function useRememberedPosition(id: string, media: React.RefObject<HTMLVideoElement | null>): void {
  useEffect(() => {
    const element = media.current;
    if (!element) return;
    let noted = 0;
    const note = (): void => {
      const { currentTime, duration } = element;
      if (!Number.isFinite(duration) || currentTime === 0) return;
      noted = currentTime;
      lessonMarks.note(id, currentTime, duration);
    };
    const begin = (): void => {
      const at = lessonMarks.positionOf(id);
      if (at > WORTH_CONTINUING && at < element.duration) element.currentTime = at;
    };
    const noteSometimes = (): void => {
      if (Math.abs(element.currentTime - noted) >= NOTE_EVERY) note();
    };
    element.addEventListener('loadedmetadata', begin, { once: true });
    element.addEventListener('timeupdate', noteSometimes);
    element.addEventListener('pause', note);
    element.addEventListener('ended', note);
    addEventListener('pagehide', note);
    return () => {
      note();
      element.removeEventListener('loadedmetadata', begin);
      element.removeEventListener('timeupdate', noteSometimes);
      element.removeEventListener('pause', note);
      element.removeEventListener('ended', note);
      removeEventListener('pagehide', note);
    };
  }, [id, media]);
}
