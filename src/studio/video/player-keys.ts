import type { KeyboardEvent } from 'react';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** Seconds of a small and of a large jump. */
const STEP = 5;
const JUMP = 10;
const VOLUME_STEP = 0.1;

type Command = (() => void) | 'captions';

/** What a key does in the player. Null when it is not ours: typed text, or a control that has its own keys. */
export function commandOf(event: KeyboardEvent, media: HTMLVideoElement, frame: HTMLElement): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target as HTMLElement;
  const { tagName } = target;
  if (tagName === 'SELECT') return null;
  const isButton = tagName === 'BUTTON';
  const isSlider = tagName === 'INPUT';
  const seek = (by: number) => () => {
    const length = Number.isFinite(media.duration) ? media.duration : 0;
    media.currentTime = Math.max(0, Math.min(length, media.currentTime + by));
  };
  const louder = (by: number) => () => {
    media.volume = Math.max(0, Math.min(1, media.volume + by));
    media.muted = false;
  };
  const faster = (by: number) => () => {
    const index = SPEEDS.findIndex((speed) => speed >= media.playbackRate);
    media.playbackRate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index + by))] ?? 1;
  };
  const play = (): void => {
    if (media.paused) media.play().catch(() => undefined);
    else media.pause();
  };
  switch (event.key) {
    case ' ':
      return isButton ? null : play;
    case 'k':
    case 'K':
      return play;
    case 'ArrowLeft':
      return isSlider ? null : seek(-STEP);
    case 'ArrowRight':
      return isSlider ? null : seek(STEP);
    case 'ArrowUp':
      return isSlider ? null : louder(VOLUME_STEP);
    case 'ArrowDown':
      return isSlider ? null : louder(-VOLUME_STEP);
    case 'j':
    case 'J':
      return seek(-JUMP);
    case 'l':
    case 'L':
      return seek(JUMP);
    case 'm':
    case 'M':
      return () => void (media.muted = !media.muted);
    case 'c':
    case 'C':
      return 'captions';
    case 'f':
    case 'F':
      return () => void toggleFullScreen(frame);
    case '<':
      return faster(-1);
    case '>':
      return faster(1);
    default:
      return null;
  }
}

export async function toggleFullScreen(frame: HTMLElement): Promise<void> {
  // A browser without it, or that forbids it, shows the player as it is.
  if (document.fullscreenElement) await document.exitFullscreen().catch(() => undefined);
  else await frame.requestFullscreen().catch(() => undefined);
}
