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

/** What the thread is asked: to measure a file, one at a time; and the bytes that it asked for (null: no more are read). */
export type MeasuringRequest =
  | { readonly type: 'look'; readonly job: number; readonly size: number }
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: Uint8Array | null };

/** What the thread answers: that it needs the bytes from `start` to before `end`, or what it found. */
export type MeasuringAnswer =
  | {
      readonly type: 'read';
      readonly job: number;
      readonly id: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly type: 'found'; readonly job: number; readonly findings: MediaFindings };

/** What is in a file of video or sound. Neither, when it cannot be read as one. */
export interface MediaFindings {
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** As a player shows it, in pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly durationSeconds?: number;
  /** The `codecs` parameter of the media type (RFC 6381). Absent when one of the codecs is unknown. */
  readonly codecs?: string;
}

/** The formats of the types that slots accept. None that reads a second file (HLS). */
const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MP3, WAVE, OGG, FLAC];

/** `codecs` of WAV: the number of the format in its head, in hexadecimal (RFC 2361, appendix A). */
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

// It would print to the server's output. What it warns of is said by the findings.
Logging.level = LogLevel.Silent;

const expected = new Map<number, { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }>();
let reads = 0;

function readFor(job: number, start: number, end: number): Promise<Uint8Array> {
  reads += 1;
  const id = reads;
  return new Promise((resolve, reject) => {
    expected.set(id, { resolve, reject });
    say({ type: 'read', job, id, start, end });
  });
}

function say(answer: MeasuringAnswer): void {
  parentPort?.postMessage(answer);
}

async function look(job: number, size: number): Promise<void> {
  expected.clear();
  const read = (start: number, end: number): Promise<Uint8Array> => readFor(job, start, end);
  const source = new CustomSource({
    getSize: () => size,
    read,
    // Reads blocks of 64 KiB: each read is a request to the storage.
    prefetchProfile: 'fileSystem',
    // Nobody waits for what was read ahead.
    handleUnhandledError: () => undefined,
  });
  const input = new Input({ source, formats: FORMATS });
  try {
    say({ type: 'found', job, findings: await findingsOf(input, { size, read }) });
  } catch {
    // Whatever is wrong with the reading itself ends the thread from outside: this is about the file.
    say({ type: 'found', job, findings: { hasVideo: false, hasAudio: false } });
  } finally {
    input.dispose();
  }
}

/** What Mediabunny leaves unread at the end of a search, in bytes. */
const SEARCH_REST_BYTES = 8;

/**
 * In damaged Matroska, Mediabunny 1.61.0 looks for the next element in pieces, and asks for the last 8 bytes of its search
 * again and again. A piece that is not there ends the search.
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
  // Only then is there a reader; tracks are read by the next call.
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

/** One measure that a file does not give must not cost the others. */
async function unlessItFails<T>(measure: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await measure;
  } catch {
    return undefined;
  }
}

/** Turned by its rotation and stretched by the aspect ratio of its pixels. */
async function sizeOf(video: InputVideoTrack): Promise<{ width: number; height: number } | undefined> {
  const [width, height] = [await video.getDisplayWidth(), await video.getDisplayHeight()];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** What the head says; of a recording that was written without knowing its length, what the tail says. */
async function durationOf(input: Input, tracks: readonly InputTrack[], file: RangeReader): Promise<number | undefined> {
  const stated = await input.getDurationFromMetadata([...tracks]);
  if (isDuration(stated)) return stated;
  const { name } = await input.getFormat();
  const timescales = new Map(await Promise.all(tracks.map(async (t) => [t.id, await t.getTimeResolution()] as const)));
  const ofTail = await durationOfTail(name, file, timescales);
  if (isDuration(ofTail)) return ofTail;
  // Of Matroska that would be a walk through the whole file.
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
      // Safari plays HEVC only under the name of its sample entry: hvc1, where the parameters are in the head.
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
  const waiting = expected.get(request.id);
  expected.delete(request.id);
  if (request.bytes === null) waiting?.reject(new Error('No more bytes of this file are read.'));
  else waiting?.resolve(request.bytes);
});
