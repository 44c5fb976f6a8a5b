import { useEffect, useState, type RefObject } from 'react';
import { clock } from '../format.js';
import { FullScreenIcon, MutedIcon, PauseIcon, PlayIcon, SoundIcon } from '../ui/icons.js';
import { words } from '../words.js';
import css from './player.module.css';
import { SPEEDS, toggleFullScreen } from './player-keys.js';
import type { CaptionTrack } from './use-caption-tracks.js';
import type { Playback } from './use-playback.js';

interface PlayerControlsProps {
  readonly playback: Playback;
  readonly media: RefObject<HTMLVideoElement | null>;
  readonly frame: RefObject<HTMLElement | null>;
  readonly tracks: readonly CaptionTrack[];
  /** The id of the track that is shown. */
  readonly chosenTrack: string | null;
  readonly onTrack: (id: string | null) => void;
}

export function PlayerControls({ playback, media, frame, tracks, chosenTrack, onTrack }: PlayerControlsProps) {
  const { isPaused, at, length, loadedTo, isMuted, volume, rate } = playback;
  const { player } = words;
  const isFullScreen = useFullScreen(frame);
  const set = (change: (element: HTMLVideoElement) => void): void => {
    if (media.current) change(media.current);
  };
  const share = (seconds: number): string => `${length > 0 ? (100 * seconds) / length : 0}%`;
  return (
    <div className={css.controls}>
      <input
        type="range"
        className={css.seek}
        aria-label={player.seek}
        aria-valuetext={player.position(clock(at), clock(length))}
        min={0}
        max={length || 1}
        step="any"
        value={at}
        style={{ '--played': share(at), '--loaded': share(loadedTo) } as React.CSSProperties}
        onChange={({ target }) => set((element) => void (element.currentTime = target.valueAsNumber))}
      />
      <div className={css.buttons}>
        <button
          type="button"
          aria-label={isPaused ? player.play : player.pause}
          onClick={() =>
            set((element) => {
              if (element.paused) element.play().catch(() => undefined);
              else element.pause();
            })
          }
        >
          {isPaused ? <PlayIcon /> : <PauseIcon />}
        </button>
        <button
          type="button"
          aria-label={isMuted ? player.unmute : player.mute}
          onClick={() => set((element) => void (element.muted = !element.muted))}
        >
          {isMuted || volume === 0 ? <MutedIcon /> : <SoundIcon />}
        </button>
        <input
          type="range"
          className={css.volume}
          aria-label={player.volume}
          min={0}
          max={1}
          step={0.05}
          value={isMuted ? 0 : volume}
          style={{ '--played': `${isMuted ? 0 : volume * 100}%`, '--loaded': '0%' } as React.CSSProperties}
          onChange={({ target }) =>
            set((element) => {
              element.volume = target.valueAsNumber;
              element.muted = false;
            })
          }
        />
        <span className={css.time}>
          {clock(at)} / {clock(length)}
        </span>
        {tracks.length > 0 && (
          <select
            aria-label={player.captions}
            value={chosenTrack ?? ''}
            onChange={({ target }) => onTrack(target.value || null)}
          >
            <option value="">
              {player.captions}: {player.captionsOff}
            </option>
            {tracks.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        )}
        <select
          aria-label={player.speed}
          value={rate}
          onChange={({ target }) => set((element) => void (element.playbackRate = Number(target.value)))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
        <button
          type="button"
          aria-label={isFullScreen ? player.leaveFullScreen : player.fullScreen}
          onClick={() => frame.current && void toggleFullScreen(frame.current)}
        >
          <FullScreenIcon />
        </button>
      </div>
    </div>
  );
}

function useFullScreen(frame: RefObject<HTMLElement | null>): boolean {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const look = (): void =>
      setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [frame]);
  return isFull;
}
