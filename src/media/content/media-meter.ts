import { LecternError } from '../../errors.js';
import type { Telemetry } from '../../telemetry.js';
import type { Measures } from '../media-file.model.js';
import { decodeImage } from './image-decoder.js';
import { MediaInfoThread, type StoredSubject } from './media-info.js';
import { Turns } from './turns.js';

export interface MediaMeterOptions {
  readonly telemetry: Telemetry;
  /** The most pixels of a picture, those of all frames of an animation together. */
  readonly maxImagePixels: number;
}

/** How many pictures are decoded at once: each holds its bytes, and its pixels or a part of them, in memory. */
const IMAGES_AT_ONCE = 2;

/**
 * Looks at stored files before they are published: what dimensions and playing time they have, and whether pictures
 * can be decoded and videos show something at all.
 */
export class MediaMeter {
  private readonly mediaInfo: MediaInfoThread;
  private readonly imageTurns = new Turns(IMAGES_AT_ONCE);

  constructor(private readonly options: MediaMeterOptions) {
    this.mediaInfo = new MediaInfoThread(options.telemetry);
  }

  /**
   * The measures of a picture or video; none for other files. Throws UNSUPPORTED_MEDIA_TYPE for a picture that cannot be
   * decoded within the limits, and for a video in which no video track is found. A video that could not be looked at,
   * through no fault of its own, has no measures: uploads do not depend on MediaInfo.
   */
  async measure(subject: StoredSubject): Promise<Measures> {
    if (subject.contentType.startsWith('image/')) {
      return this.imageTurns.run(subject.signal, async () =>
        decodeImage(await readWhole(subject), subject.contentType, { maxPixels: this.options.maxImagePixels }),
      );
    }
    if (subject.contentType.startsWith('video/')) return this.measureVideo(subject);
    return {};
  }

  async close(): Promise<void> {
    await this.mediaInfo.close();
  }

  private async measureVideo(subject: StoredSubject): Promise<Measures> {
    const findings = await this.mediaInfo.look(subject);
    if (findings === 'no video track') {
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'No video track was found in the file.');
    }
    return findings === 'unknown' ? {} : findings;
  }
}

/** A picture in memory. Its size is bounded where it came in: see `MAX_IMAGE_BYTES`. */
async function readWhole({ storage, key, signal }: StoredSubject): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await storage.open(key, { signal })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
