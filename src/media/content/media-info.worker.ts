import { parentPort } from 'node:worker_threads';
import mediaInfoFactory, { type MediaInfo, type Track } from 'mediainfo.js';
import type { Measures } from '../media-file.model.js';

/** What the thread is asked: to measure a file, and the bytes that it asked for itself. */
export type MeterRequest =
  | { readonly type: 'measure'; readonly id: number; readonly size: number }
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: Uint8Array };

/** What the thread answers: that it needs bytes, and the measures. */
export type MeterAnswer =
  | { readonly type: 'read'; readonly id: number; readonly offset: number; readonly length: number }
  | { readonly type: 'measured'; readonly id: number; readonly measures: Measures };

/** How many bytes MediaInfo asks for at once. */
const CHUNK_BYTES = 64 * 1024;

const waiting = new Map<number, (bytes: Uint8Array) => void>();
/** One MediaInfo does one file at a time. */
let queue: Promise<void> = Promise.resolve();
let mediaInfo: Promise<MediaInfo> | undefined;

function say(answer: MeterAnswer): void {
  parentPort?.postMessage(answer);
}

async function measure(id: number, size: number): Promise<void> {
  mediaInfo ??= mediaInfoFactory({ format: 'object', chunkSize: CHUNK_BYTES });
  let measures: Measures = {};
  try {
    const result = await (
      await mediaInfo
    ).analyzeData(size, (length, offset) => {
      say({ type: 'read', id, offset, length });
      return new Promise((resolve) => waiting.set(id, resolve));
    });
    measures = measuresOf(result.media?.track ?? []);
  } catch {
    // An instance that failed in the middle of a file is not used again.
    mediaInfo = undefined;
  }
  say({ type: 'measured', id, measures });
}

/** The picture's size, and the playing time: of the whole where it has one, else of the video track. */
function measuresOf(tracks: readonly Track[]): Measures {
  const picture =
    tracks.find((track) => track['@type'] === 'Video') ?? tracks.find((track) => track['@type'] === 'Image');
  const whole = tracks.find((track) => track['@type'] === 'General');
  if (!picture) return {};
  const { Width: width, Height: height } = picture;
  const duration =
    picture['@type'] === 'Video' ? (number(whole, 'Duration') ?? number(picture, 'Duration')) : undefined;
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

parentPort?.on('message', (request: MeterRequest) => {
  if (request.type === 'measure') {
    queue = queue.then(() => measure(request.id, request.size));
  } else {
    const resolve = waiting.get(request.id);
    waiting.delete(request.id);
    resolve?.(request.bytes);
  }
});
