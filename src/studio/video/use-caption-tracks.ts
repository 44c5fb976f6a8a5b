import { useEffect, useRef, useState, type RefObject } from 'react';
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

/** The captions of a lesson as tracks of its media element. Each file is loaded once: the URLs of files expire. */
export function useCaptionTracks(captions: readonly Caption[], media: RefObject<HTMLVideoElement | null>): Captions {
  const [tracks, setTracks] = useState<readonly CaptionTrack[]>([]);
  const loaded = useRef(new Map<string, CaptionTrack>()).current;
  const initial = captions.find(({ isDefault }) => isDefault)?.id ?? null;
  // Undefined until the person has chosen.
  const [picked, setPicked] = useState<string | null>();
  const chosen = picked === undefined ? initial : picked;

  const ids = captions.map(({ id }) => id).join(' ');
  useEffect(() => {
    const controller = new AbortController();
    const show = (): void => setTracks(captions.flatMap(({ id }) => loaded.get(id) ?? []));
    for (const { id, url } of [...loaded.values()]) {
      if (captions.some((caption) => caption.id === id)) continue;
      URL.revokeObjectURL(url);
      loaded.delete(id);
    }
    show();
    const missing = captions.filter(({ id }) => !loaded.has(id));
    void Promise.allSettled(missing.map((caption) => load(caption, controller.signal))).then((results) => {
      if (controller.signal.aborted) return;
      // Captions that cannot be loaded are missing from the menu; the lesson plays without them.
      for (const result of results) {
        if (result.status === 'fulfilled') loaded.set(result.value.id, toTrack(result.value));
      }
      show();
    });
    return () => controller.abort();
    // Other objects of the same captions are no change.
  }, [ids]);
  useEffect(() => {
    return () => {
      for (const { url } of loaded.values()) URL.revokeObjectURL(url);
      loaded.clear();
    };
  }, [loaded]);

  useEffect(() => {
    for (const track of media.current?.textTracks ?? []) track.mode = track.id === chosen ? 'showing' : 'disabled';
  }, [media, tracks, chosen]);

  return { tracks, chosen: tracks.some(({ id }) => id === chosen) ? chosen : null, choose: setPicked };
}

interface LoadedCaption extends Caption {
  readonly text: string;
}

async function load(caption: Caption, signal: AbortSignal): Promise<LoadedCaption> {
  const response = await fetch(caption.file.url, { signal });
  if (!response.ok) throw new Error(`The captions were answered ${response.status}.`);
  return { ...caption, text: await response.text() };
}

function toTrack({ id, text, kind, language, label }: LoadedCaption): CaptionTrack {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/vtt' }));
  return { id, url, kind: kind.toLowerCase(), language, label };
}
