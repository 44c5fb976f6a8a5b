import sharp from 'sharp';
import { LecternError } from '../../errors.js';
import { statedPixels } from './image-blocks.js';

export interface ImageDecoderOptions {
  /** The most pixels of a picture, those of all frames of an animation together. */
  readonly maxPixels: number;
}

/** The longest time that a picture is decoded for, in seconds. The largest takes some five. */
const DECODE_TIMEOUT_SECONDS = 30;

/** The formats as sharp names them, and the only decoders that are let run: those of types that a slot takes. */
const FORMATS: Readonly<
  Record<string, { readonly format: string; readonly loader: string; readonly animated: boolean }>
> = {
  'image/jpeg': { format: 'jpeg', loader: 'VipsForeignLoadJpegBuffer', animated: false },
  'image/png': { format: 'png', loader: 'VipsForeignLoadPngBuffer', animated: false },
  'image/webp': { format: 'webp', loader: 'VipsForeignLoadWebpBuffer', animated: true },
  'image/gif': { format: 'gif', loader: 'VipsForeignLoadNsgifBuffer', animated: true },
  'image/avif': { format: 'heif', loader: 'VipsForeignLoadHeifBuffer', animated: false },
};

/** What libjpeg warns of although every program shows the picture as it was meant: cameras write such files. */
const HARMLESS_WARNING = /extraneous bytes before marker|Invalid SOS parameters/i;

sharp.cache(false);
// One thread for a picture: how many pictures are decoded at once is decided where they are handed in.
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: Object.values(FORMATS).map(({ loader }) => loader) });

/**
 * Decodes a picture to its last row, in libvips' own threads, and returns its size as it is shown. Throws
 * UNSUPPORTED_MEDIA_TYPE for one that is cut off, damaged, larger than allowed once decoded, or too slow.
 */
export async function decodeImage(
  bytes: Buffer,
  contentType: string,
  { maxPixels }: ImageDecoderOptions,
): Promise<{ readonly width: number; readonly height: number }> {
  const expected = FORMATS[contentType];
  try {
    const animated = expected?.animated ?? false;
    if ((statedPixels(bytes, contentType) ?? 0) > maxPixels) throw tooManyPixels(maxPixels);
    const seen = await sharp(bytes, { animated, limitInputPixels: false }).metadata();
    if (seen.format !== expected?.format) throw new Error(`The decoder takes it for ${seen.format}.`);
    // The frames of an animation lie below each other.
    if (seen.width * seen.height > maxPixels) throw tooManyPixels(maxPixels);
    await decodeWhole(bytes, animated, maxPixels);
    const { width, height } = seen.pageHeight === undefined ? seen.autoOrient : { ...seen, height: seen.pageHeight };
    return { width, height };
  } catch (error) {
    if (error instanceof LecternError) throw error;
    throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'The picture is damaged or incomplete.', { cause: error });
  }
}

async function decodeWhole(bytes: Buffer, animated: boolean, maxPixels: number): Promise<void> {
  const decode = async (failOn: 'warning' | 'truncated'): Promise<unknown> =>
    sharp(bytes, { animated, failOn, limitInputPixels: maxPixels, sequentialRead: true })
      // Every row goes into the few pixels that are made: all is decoded, and little is held.
      .resize(8, 8, { fit: 'fill', kernel: 'linear' })
      .raw()
      .timeout({ seconds: DECODE_TIMEOUT_SECONDS })
      .toBuffer();
  try {
    await decode('warning');
  } catch (error) {
    if (!(error instanceof Error) || !HARMLESS_WARNING.test(error.message)) throw error;
    await decode('truncated');
  }
}

function tooManyPixels(maxPixels: number): LecternError {
  return new LecternError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The picture has more than the ${String(maxPixels)} pixels accepted here, all frames together.`,
  );
}
