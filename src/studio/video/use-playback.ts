import { useEffect, useReducer, useState, type RefObject } from 'react';

export interface Playback {
  readonly isPaused: boolean;
  /** In seconds. */
  readonly at: number;
  /** In seconds; 0 while it is not known. */
  readonly length: number;
  /** How far the bytes have arrived from here, in seconds. */
  readonly loadedTo: number;
  readonly isMuted: boolean;
  /** 0 to 1. */
  readonly volume: number;
  readonly rate: number;
  readonly isWaiting: boolean;
  readonly hasFailed: boolean;
}

const EVENTS = [
  'play',
  'pause',
  'timeupdate',
  'durationchange',
  'loadedmetadata',
  'progress',
  'volumechange',
  'ratechange',
  'waiting',
  'playing',
  'seeking',
  'seeked',
  'error',
  'emptied',
  'ended',
] as const;

/** What a media element does, as of its last event. */
export function usePlayback(media: RefObject<HTMLVideoElement | null>): Playback {
  const [, update] = useReducer((count: number) => count + 1, 0);
  const [element, setElement] = useState<HTMLVideoElement | null>(null);
  useEffect(() => {
    setElement(media.current);
    const observed = media.current;
    for (const name of EVENTS) observed?.addEventListener(name, update);
    return () => {
      for (const name of EVENTS) observed?.removeEventListener(name, update);
    };
  }, [media]);
  if (!element) {
    return {
      isPaused: true,
      at: 0,
      length: 0,
      loadedTo: 0,
      isMuted: false,
      volume: 1,
      rate: 1,
      isWaiting: false,
      hasFailed: false,
    };
  }
  const { paused, currentTime, duration, muted, volume, playbackRate, readyState, error } = element;
  return {
    isPaused: paused,
    at: currentTime,
    length: Number.isFinite(duration) ? duration : 0,
    loadedTo: loadedTo(element),
    isMuted: muted,
    volume,
    rate: playbackRate,
    isWaiting: !paused && readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    hasFailed: error !== null && error.code !== MediaError.MEDIA_ERR_NETWORK,
  };
}

function loadedTo({ buffered, currentTime }: HTMLVideoElement): number {
  for (let index = 0; index < buffered.length; index++) {
    if (buffered.start(index) <= currentTime && currentTime <= buffered.end(index)) return buffered.end(index);
  }
  return currentTime;
}
