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
} from 'mediabunny';
import { isIndexLast } from './index-position.js';

/** A track of a file. */
export interface Track {
  readonly kind: 'video' | 'audio';
  /** Mediabunny's name of the codec. The identifier in the file when Mediabunny does not know it. */
  readonly codec: string;
}

/** What a media file contains. */
export interface Inspection {
  /** The media type by the content. Null when the content is in none of the formats that slots accept. */
  readonly contentType: string | null;
  readonly tracks: readonly Track[];
  /** Whether players must read the end of the file before they can begin (MP4 and QuickTime). */
  readonly isIndexLast: boolean;
}

/** The formats that the server measures. */
const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MP3, WAVE, OGG, FLAC];
/** The media types of each format with and without a video track, by Mediabunny's name of the format. */
const TYPES: Readonly<Record<string, { readonly video?: string; readonly audio?: string }>> = {
  MP4: { video: 'video/mp4', audio: 'audio/mp4' },
  'QuickTime File Format': { video: 'video/quicktime', audio: 'audio/mp4' },
  Matroska: { video: 'video/matroska' },
  WebM: { video: 'video/webm', audio: 'audio/webm' },
  MP3: { audio: 'audio/mpeg' },
  WAVE: { audio: 'audio/wav' },
  Ogg: { video: 'video/ogg', audio: 'audio/ogg' },
  FLAC: { audio: 'audio/flac' },
};
/** How much of one file is read at most, in bytes: the index of a film of many hours has some tens of megabytes. */
const MAX_READ = 128 * 1024 * 1024;

Logging.level = LogLevel.Silent;

addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  inspect(data).then(
    (found) => postMessage(found),
    // The file cannot be read, or too much of it would have to be. There is no finding.
    () => postMessage(null),
  );
});

async function inspect(file: Blob): Promise<Inspection> {
  const reader = new LimitedReader(file);
  const source = new CustomSource({
    getSize: () => file.size,
    read: (start, end) => reader.read(start, end),
    handleUnhandledError: () => undefined,
  });
  const input = new Input({ source, formats: FORMATS });
  try {
    const { name } = await input.getFormat();
    const tracks = await tracksOf(input, reader);
    const { video, audio } = TYPES[name] ?? {};
    const contentType = tracks.some(({ kind }) => kind === 'video') ? video : tracks.length > 0 ? audio : undefined;
    const isIso = name === MP4.name || name === QTFF.name;
    return { contentType: contentType ?? null, tracks, isIndexLast: isIso && (await isIndexLast(file.size, reader)) };
  } catch (error) {
    if (reader.hasFailed) throw error;
    // No format that is known, or a file that is too short for one.
    return { contentType: null, tracks: [], isIndexLast: false };
  } finally {
    input.dispose();
  }
}

/** The tracks that are played. None when the file is damaged: then the server refuses it too. */
async function tracksOf(input: Input, reader: LimitedReader): Promise<Track[]> {
  try {
    const tracks = await input.getTracks();
    return await Promise.all(tracks.filter((track) => track.isVideoTrack() || track.isAudioTrack()).map(trackOf));
  } catch (error) {
    if (reader.hasFailed) throw error;
    return [];
  }
}

async function trackOf(track: InputTrack): Promise<Track> {
  const codec = (await track.getCodec()) ?? String((await track.getInternalCodecId()) ?? '');
  return { kind: track.isVideoTrack() ? 'video' : 'audio', codec };
}

/** Reads pieces of a file, up to MAX_READ together. */
class LimitedReader {
  /** Whether the file could not be read, or too much of it was asked for. */
  hasFailed = false;
  #left = MAX_READ;

  constructor(private readonly file: Blob) {}

  async read(start: number, end: number): Promise<Uint8Array> {
    this.#left -= end - start;
    try {
      if (this.#left < 0) throw new RangeError(`More than ${MAX_READ} bytes would have to be read.`);
      return new Uint8Array(await this.file.slice(start, end).arrayBuffer());
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }
}
