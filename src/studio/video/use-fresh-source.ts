import { useApolloClient } from '@apollo/client/react';
import { useEffect, useRef, useState, type RefObject } from 'react';
import { FreshVideoDocument } from '../gql/graphql.js';

interface SignedFile {
  readonly url: string;
  readonly urlExpiresAt: string;
}

export interface FreshSource {
  /** Why the URL could not be renewed. It is tried again. */
  readonly error: unknown;
  /** Requests a new URL if the present one expires soon. Call it whenever the player is about to load data. */
  readonly renewWhenDue: () => void;
  /** Requests a new URL, at most one every 2 seconds. Call it when the player gets no data: the clock may be wrong. */
  readonly renewWhenStuck: () => void;
}

/** A URL is renewed this long before it expires, in milliseconds. */
const MARGIN = 30_000;
/** The shortest time between two questions after a failure, in milliseconds. */
const PATIENCE = 2_000;

/** When to renew a URL. One that expires soon is renewed after half of the remaining time. */
function renewalTime({ urlExpiresAt }: SignedFile): number {
  const now = Date.now();
  const left = Date.parse(urlExpiresAt) - now;
  // A new URL that seems expired: this machine's clock is wrong. Do not ask often.
  return left > 0 ? now + Math.max(left - MARGIN, left / 2) : now + MARGIN;
}

/**
 * Gives a media element its source, and another one before the URL expires: position, speed and playing stay. The last
 * frame covers the element meanwhile, so that nothing is seen of the change.
 * (docs/api.md, "When a URL expires during a video", says why it does not wait for an error.)
 */
export function useFreshSource(
  id: string,
  file: SignedFile | null,
  media: RefObject<HTMLVideoElement | null>,
  cover: RefObject<HTMLCanvasElement | null>,
): FreshSource {
  const client = useApolloClient();
  const [error, setError] = useState<unknown>();
  const renewal = useRef({ due: Infinity, askedAt: 0 });

  useEffect(() => {
    const element = media.current;
    if (!element || !file) return;
    renewal.current = { due: renewalTime(file), askedAt: Date.now() };
    const before = element.getAttribute('src');
    if (before === file.url) return;
    if (before === null) {
      element.src = file.url;
      return;
    }
    const { currentTime, playbackRate, paused } = element;
    showCover(element, cover.current);
    // A new `src` resets the element to position 0, paused, at normal speed.
    element.src = file.url;
    element.currentTime = currentTime;
    element.playbackRate = playbackRate;
    element.addEventListener('seeked', () => hideCover(cover.current), { once: true });
    // The browser may refuse to play a page that is not looked at.
    if (!paused) element.play().catch(() => undefined);
  }, [file, media, cover]);

  const renew = async (): Promise<void> => {
    renewal.current = { due: Infinity, askedAt: Date.now() };
    try {
      // The result goes into the cache, from which the page gets the new file.
      await client.query({ query: FreshVideoDocument, variables: { id }, fetchPolicy: 'network-only' });
      setError(undefined);
    } catch (thrown) {
      setError(thrown);
      setTimeout(() => {
        renewal.current.due = 0;
        const element = media.current;
        if (element && (!element.paused || element.seeking)) void renew();
      }, PATIENCE);
    }
  };

  return {
    error,
    renewWhenDue: () => {
      if (Date.now() >= renewal.current.due) void renew();
    },
    renewWhenStuck: () => {
      if (file && Date.now() >= renewal.current.askedAt + PATIENCE) void renew();
    },
  };
}

function showCover(element: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
  if (!canvas || element.videoWidth === 0) return;
  canvas.width = element.videoWidth;
  canvas.height = element.videoHeight;
  canvas.getContext('2d')?.drawImage(element, 0, 0);
  canvas.hidden = false;
}

function hideCover(canvas: HTMLCanvasElement | null): void {
  if (canvas) canvas.hidden = true;
}
