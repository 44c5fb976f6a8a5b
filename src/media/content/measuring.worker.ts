import { parentPort } from 'node:worker_threads';
import {
  CustomSource,
  FLAC,
  Input,
  Logging,
  LogLevel,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  QTFF,
  WAVE,
  WEBM,
  type InputTrack,
  type InputVideoTrack,
} from 'mediabunny';
import { durationOfTail, type RangeReader } from './tail-duration.js';

/** Messages to the thread: `look` asks it to measure a file, `bytes` answers a `read` (null: nothing more is read). */
export type MeasuringRequest =
  | { readonly type: 'look'; readonly job: number; readonly size: number }
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: Uint8Array | null };

/** Messages from the thread: `read` asks for the bytes from `start` to before `end`, `found` has the result. */
export type MeasuringAnswer =
  | {
      readonly type: 'read';
      readonly job: number;
      readonly id: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly type: 'found'; readonly job: number; readonly findings: MediaFindings };

/** What a video or sound file contains. A file that cannot be read has neither video nor audio. */
export interface MediaFindings {
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** The size at which a player shows the video, in pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly durationSeconds?: number;
  /** The `codecs` parameter of the media type (RFC 6381). Absent when one of the codecs is unknown. */
  readonly codecs?: string;
}

/** The formats that slots accept. HLS must not be added, because it reads further files. */
const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MP3, WAVE, OGG, FLAC];

/** The `codecs` parameter for WAV: the format code, in hexadecimal (RFC 2361, appendix A). */
const WAV_CODECS: Readonly<Record<string, string>> = {
  'pcm-u8': '1',
  'pcm-s16': '1',
  'pcm-s24': '1',
  'pcm-s32': '1',
  'pcm-f32': '3',
  'pcm-f64': '3',
  alaw: '6',
  ulaw: '7',
};

// Mediabunny would print warnings to the server's output.
Logging.level = LogLevel.Silent;

const pendingReads = new Map<number, { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }>();
let reads = 0;

function readFor(job: number, start: number, end: number): Promise<Uint8Array> {
  reads += 1;
  const id = reads;
  return new Promise((resolve, reject) => {
    pendingReads.set(id, { resolve, reject });
    send({ type: 'read', job, id, start, end });
  });
}

function send(answer: MeasuringAnswer): void {
  parentPort?.postMessage(answer);
}

async function look(job: number, size: number): Promise<void> {
  pendingReads.clear();
  const read = (start: number, end: number): Promise<Uint8Array> => readFor(job, start, end);
  const source = new CustomSource({
    getSize: () => size,
    read,
    // Reads blocks of 64 KiB, because each read is a request to the storage.
    prefetchProfile: 'fileSystem',
    // A failed read ahead does not matter: nothing waits for it.
    handleUnhandledError: () => undefined,
  });
  const input = new Input({ source, formats: FORMATS });
  try {
    send({ type: 'found', job, findings: await findingsOf(input, { size, read }) });
  } catch {
    // The file is at fault. When the storage cannot be read, MeasuringThread ends this thread.
    send({ type: 'found', job, findings: { hasVideo: false, hasAudio: false } });
  } finally {
    input.dispose();
  }
}

/** How many bytes Mediabunny leaves unread at the end of a search. */
const SEARCH_REST_BYTES = 8;

/**
 * Works around an endless loop of Mediabunny 1.61.0. In damaged Matroska it searches for the next element piece by
 * piece, and asks for the last 8 bytes over and over. Answering that there is no such piece ends the search.
 */
function endSearches(input: Input, size: number): void {
  const { _reader: reader } = input as unknown as {
    readonly _reader: { requestSliceRange(start: number, least: number, most: number): unknown };
  };
  const request = reader.requestSliceRange.bind(reader);
  reader.requestSliceRange = (start, least, most) =>
    least === 0 && Math.min(most, size - start) <= SEARCH_REST_BYTES ? null : request(start, least, most);
}

async function findingsOf(input: Input, file: RangeReader): Promise<MediaFindings> {
  // `getFormat` creates the reader, which `endSearches` changes before the tracks are read.
  await input.getFormat();
  endSearches(input, file.size);
  const tracks = await input.getTracks();
  const video = tracks.find((track) => track.isVideoTrack());
  const played = tracks.filter((track) => track.isVideoTrack() || track.isAudioTrack());
  const [size, durationSeconds, codecs] = await Promise.all([
    video && unlessItFails(sizeOf(video)),
    unlessItFails(durationOf(input, played, file)),
    unlessItFails(codecsOf(input, played)),
  ]);
  return {
    hasVideo: video !== undefined,
    hasAudio: tracks.some((track) => track.isAudioTrack()),
    ...size,
    ...(durationSeconds !== undefined && { durationSeconds }),
    ...(codecs !== undefined && { codecs }),
  };
}

/** Returns undefined when a measure cannot be found, so that the others are still returned. */
async function unlessItFails<T>(measure: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await measure;
  } catch {
    return undefined;
  }
}

/** The size after rotation and with the aspect ratio of the pixels applied. */
async function sizeOf(video: InputVideoTrack): Promise<{ width: number; height: number } | undefined> {
  const [width, height] = [await video.getDisplayWidth(), await video.getDisplayHeight()];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** The duration in the metadata. Recordings have none there; for them the end of the file is read. */
async function durationOf(input: Input, tracks: readonly InputTrack[], file: RangeReader): Promise<number | undefined> {
  const stated = await input.getDurationFromMetadata([...tracks]);
  if (isDuration(stated)) return stated;
  const { name } = await input.getFormat();
  const timescales = new Map(await Promise.all(tracks.map(async (t) => [t.id, await t.getTimeResolution()] as const)));
  const ofTail = await durationOfTail(name, file, timescales);
  if (isDuration(ofTail)) return ofTail;
  // For Matroska, `computeDuration` would read the whole file.
  if (name === 'Matroska' || name === 'WebM') return undefined;
  const computed = await input.computeDuration([...tracks]);
  return isDuration(computed) ? computed : undefined;
}

function isDuration(seconds: number | null | undefined): seconds is number {
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0;
}

async function codecsOf(input: Input, tracks: readonly InputTrack[]): Promise<string | undefined> {
  const { name } = await input.getFormat();
  const codecs = await Promise.all(
    tracks.map(async (track) => {
      const codec = await track.getCodec();
      if (name === 'WAVE') return WAV_CODECS[codec ?? ''] ?? null;
      const parameter = await track.getCodecParameterString();
      // Safari plays HEVC only if the codec is named like the sample entry: `hvc1` instead of `hev1`.
      return (await track.getInternalCodecId()) === 'hvc1' ? (parameter?.replace(/^hev1/, 'hvc1') ?? null) : parameter;
    }),
  );
  return codecs.length > 0 && codecs.every((codec) => codec !== null) ? codecs.join(', ') : undefined;
}

parentPort?.on('message', (request: MeasuringRequest) => {
  if (request.type === 'look') {
    void look(request.job, request.size);
    return;
  }
  const waiting = pendingReads.get(request.id);
  pendingReads.delete(request.id);
  if (request.bytes === null) waiting?.reject(new Error('The limit of bytes to read from this file was reached.'));
  else waiting?.resolve(request.bytes);
});
