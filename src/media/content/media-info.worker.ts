import { parentPort } from 'node:worker_threads';
import mediaInfoFactory, { type MediaInfo, type Track } from 'mediainfo.js';
import type { Measures } from '../media-file.model.js';

/** What the thread is asked: to look at a file, one at a time, and the bytes of it that it asked for itself. */
export type MediaInfoRequest =
  { readonly type: 'look'; readonly size: number } | { readonly type: 'bytes'; readonly bytes: Uint8Array };

/** What the thread answers: that it needs bytes, what it found (null: no video track), or that it cannot look at all. */
export type MediaInfoAnswer =
  | { readonly type: 'read'; readonly offset: number; readonly length: number }
  | { readonly type: 'found'; readonly video: Measures | null }
  | { readonly type: 'unavailable'; readonly reason: string };

/** How many bytes MediaInfo asks for at once. */
const CHUNK_BYTES = 64 * 1024;

let deliver: ((bytes: Uint8Array) => void) | undefined;
let mediaInfo: Promise<MediaInfo> | undefined;

function say(answer: MediaInfoAnswer): void {
  parentPort?.postMessage(answer);
}

async function look(size: number): Promise<void> {
  try {
    const found = await videoOf(size);
    const video = found === undefined ? await videoOf(size) : found;
    say({ type: 'found', video: video ?? null });
  } catch (error) {
    say({ type: 'unavailable', reason: String(error) });
  }
}

/**
 * What MediaInfo finds in a file, null for no video track; undefined where it breaks on it. It is then not used again:
 * should an earlier file have spoilt it, this one has a second chance. Rejects when MediaInfo does not start.
 */
async function videoOf(size: number): Promise<Measures | null | undefined> {
  mediaInfo ??= mediaInfoFactory({ format: 'object', chunkSize: CHUNK_BYTES });
  const instance = await mediaInfo;
  try {
    const result = await instance.analyzeData(size, (length, offset) => {
      say({ type: 'read', offset, length });
      return new Promise((resolve) => (deliver = resolve));
    });
    return measuresOf(result.media?.track ?? []);
  } catch {
    mediaInfo = undefined;
    return undefined;
  }
}

/** The picture's size, and the playing time: of the whole where it has one, else of the video track. */
function measuresOf(tracks: readonly Track[]): Measures | null {
  const video = tracks.find((track) => track['@type'] === 'Video');
  if (!video) return null;
  const whole = tracks.find((track) => track['@type'] === 'General');
  const { Width: width, Height: height } = video;
  const duration = number(whole, 'Duration') ?? number(video, 'Duration');
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(duration !== undefined && { durationSeconds: duration }),
  };
}

function number(track: Track | undefined, field: string): number | undefined {
  const value = (track as Readonly<Record<string, unknown>> | undefined)?.[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

parentPort?.on('message', (request: MediaInfoRequest) => {
  if (request.type === 'look') void look(request.size);
  else deliver?.(request.bytes);
});
