import { LecternError } from '../../errors.js';
import type { Telemetry } from '../../telemetry.js';
import { MEASURES_VERSION, type Measures } from '../media-file.model.js';
import { SLOTS } from '../slots.js';
import { MeasuringThread, type StoredSubject } from './measuring-thread.js';
import type { MediaFindings } from './measuring.worker.js';
import { Semaphore } from './semaphore.js';

export interface MediaMeterOptions {
  readonly telemetry: Telemetry;
  /** The most pixels that a picture may have, all frames of an animation together. */
  readonly maxImagePixels: number;
}

/** How many pictures are decoded at once. Each takes memory for its bytes and its pixels. */
const IMAGES_AT_ONCE = 2;

/** The type of a file with sound alone, by the type that its first bytes show. Sound in other containers is refused. */
const WITHOUT_PICTURE: Readonly<Record<string, string>> = {
  'video/mp4': 'audio/mp4',
  'video/quicktime': 'audio/mp4',
  'video/webm': 'audio/webm',
};
/** The type of a file with a video track whose first bytes show a type of sound. */
const WITH_PICTURE: Readonly<Record<string, string>> = { 'audio/mp4': 'video/mp4', 'audio/ogg': 'video/ogg' };

/**
 * Measures stored files: dimensions, playing time, codecs. Refuses pictures that cannot be decoded, and videos and
 * sound without a track.
 */
export class MediaMeter {
  private readonly thread: MeasuringThread;
  private readonly imageSemaphore = new Semaphore(IMAGES_AT_ONCE);

  constructor(private readonly options: MediaMeterOptions) {
    this.thread = new MeasuringThread(options.telemetry);
  }

  /**
   * Measures a file before it is published.
   * Rejects with UNSUPPORTED_MEDIA_TYPE when a picture cannot be decoded within the limits, or when a video or sound
   * has no track that its slot accepts.
   * Returns no measures, and no `measured`, when a video or sound could not be measured for a reason that is not the
   * file (`given up`): the upload goes on.
   */
  async measure(subject: StoredSubject): Promise<Measures> {
    if (subject.contentType.startsWith('image/')) {
      // Loads libvips, which takes tens of milliseconds and 20 MB: with the first picture, not when the server starts.
      const { decodeImage } = await import('./image-decoder.js');
      const size = await this.imageSemaphore.run(subject.signal, async () =>
        decodeImage(await readWhole(subject), subject.contentType, { maxPixels: this.options.maxImagePixels }),
      );
      return { ...size, measured: MEASURES_VERSION };
    }
    if (/^(video|audio)\//.test(subject.contentType)) {
      const findings = await this.thread.look(subject);
      return findings === 'given up' ? {} : measuresOf(subject, findings);
    }
    return { measured: MEASURES_VERSION };
  }

  /**
   * Measures a file that is already published. Refuses no file: when `measure` would, returns only `measured`.
   * Returns null when the file could not be measured and is to be tried again later.
   */
  async measureAgain(subject: StoredSubject): Promise<Measures | null> {
    try {
      const measures = await this.measure(subject);
      return measures.measured === undefined ? null : measures;
    } catch (error) {
      if (!(error instanceof LecternError) || subject.signal.aborted) throw error;
      this.options.telemetry.logger.warn({ err: error, key: subject.key }, 'could not measure a stored file');
      return error.code === 'UNSUPPORTED_MEDIA_TYPE' ? { measured: MEASURES_VERSION } : null;
    }
  }

  async close(): Promise<void> {
    await this.thread.close();
  }
}

function measuresOf({ contentType, slot }: StoredSubject, findings: MediaFindings): Measures {
  const { hasVideo, hasAudio, ...measures } = findings;
  const accepted: readonly string[] = SLOTS[slot].accepts;
  const found = hasVideo ? (WITH_PICTURE[contentType] ?? contentType) : soundIn(contentType, hasAudio);
  if (found === undefined || !accepted.includes(found)) {
    const missing = accepted.some((type) => type.startsWith('audio/')) ? 'video or audio' : 'video';
    throw new LecternError('UNSUPPORTED_MEDIA_TYPE', `No ${missing} track was found in the file.`);
  }
  return { ...measures, ...(found !== contentType && { contentType: found }), measured: MEASURES_VERSION };
}

/** The type of a file without a video track. Returns undefined when it has no sound, or no type for sound alone. */
function soundIn(contentType: string, hasAudio: boolean): string | undefined {
  if (!hasAudio) return undefined;
  return contentType.startsWith('audio/') ? contentType : WITHOUT_PICTURE[contentType];
}

/** Reads a picture into memory. `MAX_IMAGE_BYTES` in incoming-file.ts limits its size. */
async function readWhole({ storage, key, signal }: StoredSubject): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await storage.open(key, { signal })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
