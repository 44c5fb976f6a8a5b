import { useEffect, useState, type RefObject } from 'react';
import type { LessonMediaFragment } from '../gql/graphql.js';

type Caption = NonNullable<LessonMediaFragment['captions']>[number];

export interface CaptionTrack {
  readonly id: string;
  /** A URL of the page's own, which does not expire. */
  readonly url: string;
  readonly kind: string;
  readonly language: string;
  readonly label: string;
}

interface Captions {
  readonly tracks: readonly CaptionTrack[];
  /** The id of the track that is shown. */
  readonly chosen: string | null;
  readonly choose: (id: string | null) => void;
}

/** The captions of a lesson as tracks of its media element. Their files are loaded once: their URLs expire. */
export function useCaptionTracks(captions: readonly Caption[], media: RefObject<HTMLVideoElement | null>): Captions {
  const [tracks, setTracks] = useState<readonly CaptionTrack[]>([]);
  const initial = captions.find(({ isDefault }) => isDefault)?.id ?? null;
  // Undefined until the person has chosen.
  const [picked, setPicked] = useState<string | null>();
  const chosen = picked === undefined ? initial : picked;

  const ids = captions.map(({ id }) => id).join(' ');
  useEffect(() => {
    const controller = new AbortController();
    const urls: string[] = [];
    const load = async ({ id, file, kind, language, label }: Caption): Promise<CaptionTrack> => {
      const response = await fetch(file.url, { signal: controller.signal });
      if (!response.ok) throw new Error(`The captions were answered ${response.status}.`);
      const url = URL.createObjectURL(new Blob([await response.text()], { type: 'text/vtt' }));
      urls.push(url);
      return { id, url, kind: kind.toLowerCase(), language, label };
    };
    void Promise.allSettled(captions.map(load)).then((loaded) => {
      // Captions that cannot be loaded are missing from the menu; the lesson plays without them.
      const there = loaded.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (!controller.signal.aborted) setTracks(there);
    });
    return () => {
      controller.abort();
      for (const url of urls) URL.revokeObjectURL(url);
    };
    // Other objects of the same captions are no change.
  }, [ids]);

  useEffect(() => {
    for (const track of media.current?.textTracks ?? []) track.mode = track.id === chosen ? 'showing' : 'disabled';
  }, [media, tracks, chosen]);

  return { tracks, chosen: tracks.some(({ id }) => id === chosen) ? chosen : null, choose: setPicked };
}
