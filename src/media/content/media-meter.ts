import { LecternError } from '../../errors.js';
import type { Telemetry } from '../../telemetry.js';
import { MEASURES_VERSION, type Measures } from '../media-file.model.js';
import { SLOTS } from '../slots.js';
import { decodeImage } from './image-decoder.js';
import { MeasuringThread, type StoredSubject } from './measuring-thread.js';
import type { MediaFindings } from './measuring.worker.js';
import { Semaphore } from './semaphore.js';

export interface MediaMeterOptions {
  readonly telemetry: Telemetry;
  /** The most pixels of a picture, those of all frames of an animation together. */
  readonly maxImagePixels: number;
}

/** How many pictures are decoded at once: each holds its bytes, and its pixels or a part of them, in memory. */
const IMAGES_AT_ONCE = 2;

/** What a container is called when it holds sound alone. Of others with sound alone nothing is accepted. */
const WITHOUT_PICTURE: Readonly<Record<string, string>> = {
  'video/mp4': 'audio/mp4',
  'video/quicktime': 'audio/mp4',
  'video/webm': 'audio/webm',
};
/** What a container is called when it holds a picture although its first bytes say that it is sound. */
const WITH_PICTURE: Readonly<Record<string, string>> = { 'audio/mp4': 'video/mp4', 'audio/ogg': 'video/ogg' };

/**
 * Looks at stored files: what dimensions and playing time they have, whether pictures can be decoded, and whether videos
 * and sound have something to show or to hear.
 */
export class MediaMeter {
  private readonly thread: MeasuringThread;
  private readonly imageSemaphore = new Semaphore(IMAGES_AT_ONCE);

  constructor(private readonly options: MediaMeterOptions) {
    this.thread = new MeasuringThread(options.telemetry);
  }

  /**
   * Measures a file before it is published. Throws UNSUPPORTED_MEDIA_TYPE for a picture that cannot be decoded within
   * the limits, and for a video or sound without the tracks that its slot accepts. When a video or sound cannot be
   * measured for a reason that is not in the file, returns no measures, not even `measured`: no upload fails for that.
   */
  async measure(subject: StoredSubject): Promise<Measures> {
    if (subject.contentType.startsWith('image/')) {
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
   * Measures a file that is published already, and refuses none: of one that would be refused today it returns only
   * `measured`. Returns null when the file could not be measured now: it is to be tried again later.
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

/** The type of a file without a picture; undefined when it has no sound either, or may not be sound alone. */
function soundIn(contentType: string, hasAudio: boolean): string | undefined {
  if (!hasAudio) return undefined;
  return contentType.startsWith('audio/') ? contentType : WITHOUT_PICTURE[contentType];
}

/** A picture in memory. Its size is bounded where it came in: see `MAX_IMAGE_BYTES`. */
async function readWhole({ storage, key, signal }: StoredSubject): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await storage.open(key, { signal })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
