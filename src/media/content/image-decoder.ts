import sharp, { type Metadata } from 'sharp';
import { LecternError } from '../../errors.js';
import { statedPixels } from './image-blocks.js';
import { hasAllScans } from './jpeg-scans.js';

export interface ImageDecoderOptions {
  /** The most pixels that a picture may have, all frames of an animation together. */
  readonly maxPixels: number;
}

/** The time limit for decoding, in seconds. The largest accepted pictures take about 5 s. */
const DECODE_TIMEOUT_SECONDS = 30;

/** How sharp names the format of each accepted type, and its decoder. All other decoders of sharp are disabled. */
const FORMATS: Readonly<
  Record<string, { readonly format: string; readonly loader: string; readonly animated: boolean }>
> = {
  'image/jpeg': { format: 'jpeg', loader: 'VipsForeignLoadJpegBuffer', animated: false },
  'image/png': { format: 'png', loader: 'VipsForeignLoadPngBuffer', animated: false },
  'image/webp': { format: 'webp', loader: 'VipsForeignLoadWebpBuffer', animated: true },
  'image/gif': { format: 'gif', loader: 'VipsForeignLoadNsgifBuffer', animated: true },
  'image/avif': { format: 'heif', loader: 'VipsForeignLoadHeifBuffer', animated: false },
};

/** Warnings of libjpeg that do not matter: cameras write such files, and every program shows them correctly. */
const HARMLESS_WARNING = /extraneous bytes before marker|Invalid SOS parameters/i;

/** The decoder's messages when a JPEG has no end marker. */
const MISSING_END = /premature end of (JPEG|input)|end of JPEG (image|file)/i;
const END_OF_JPEG = Buffer.from([0xff, 0xd9]);
/** The rows of the largest unit of a JPEG (ITU-T T.81, A.2.3: four blocks of eight rows) and of one more block. */
const LAST_ROWS = 40;
/** How many bytes are added to the data of a JPEG, so that the decoder makes pixels of them if rows are missing. */
const PADDING_BYTES = 256;

interface DecodeOptions {
  readonly seen: Metadata;
  readonly animated: boolean;
  readonly maxPixels: number;
}

sharp.cache(false);
// One thread per picture. MediaMeter limits how many pictures are decoded at once.
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: Object.values(FORMATS).map(({ loader }) => loader) });

/**
 * Decodes a whole picture, in libvips' own threads. Returns the size at which it is shown, in pixels.
 * Rejects with UNSUPPORTED_MEDIA_TYPE when the picture is truncated or damaged, has more than `maxPixels`, or takes
 * longer than DECODE_TIMEOUT_SECONDS.
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
    if (seen.format !== expected?.format) throw new Error(`The decoder finds the format ${seen.format}.`);
    // sharp puts the frames of an animation below each other, so `height` is that of all frames.
    if (seen.width * seen.height > maxPixels) throw tooManyPixels(maxPixels);
    await decodeWhole(bytes, { seen, animated, maxPixels });
    const { width, height } = seen.pageHeight === undefined ? seen.autoOrient : { ...seen, height: seen.pageHeight };
    return { width, height };
  } catch (error) {
    if (error instanceof LecternError) throw error;
    throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'The picture is damaged or incomplete.', { cause: error });
  }
}

async function decodeWhole(bytes: Buffer, { seen, animated, maxPixels }: DecodeOptions): Promise<void> {
  const isJpeg = seen.format === 'jpeg';
  const decode = async (whole: Buffer, failOn: 'warning' | 'truncated'): Promise<void> => {
    const image = sharp(whole, { animated, failOn, limitInputPixels: maxPixels, sequentialRead: true });
    // Extracting all of a JPEG stops sharp from decoding it at an eighth of its size, where missing rows go unnoticed.
    if (isJpeg) image.extract({ left: 0, top: 0, width: seen.width, height: seen.height });
    // Shrinking to 8 x 8 pixels uses every row, so all is decoded, and keeps little in memory.
    await image
      .resize(8, 8, { fit: 'fill', kernel: 'linear' })
      .raw()
      .timeout({ seconds: DECODE_TIMEOUT_SECONDS })
      .toBuffer();
  };
  try {
    await decode(bytes, 'warning');
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (isJpeg && MISSING_END.test(message) && hasAllScans(bytes)) {
      // Only the end marker may be missing. With the marker added, the decoder warns if rows are missing, except the
      // last.
      const data = bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes;
      await decode(Buffer.concat([data, END_OF_JPEG]), 'warning');
      await checkLastRows(data, seen);
    } else if (HARMLESS_WARNING.test(message)) {
      await decode(bytes, 'truncated');
    } else {
      throw error;
    }
  }
}

/** Throws when the last rows of a JPEG change with the bytes that are added after its data: then data is missing. */
async function checkLastRows(data: Buffer, { width, height }: Metadata): Promise<void> {
  const rows = Math.min(height, LAST_ROWS);
  const lastRowsWith = (padding: Buffer): Promise<Buffer> =>
    sharp(Buffer.concat([data, padding, END_OF_JPEG]), { failOn: 'none', limitInputPixels: false })
      .extract({ left: 0, top: height - rows, width, height: rows })
      .raw()
      .timeout({ seconds: DECODE_TIMEOUT_SECONDS })
      .toBuffer();
  const [plain, padded] = [await lastRowsWith(Buffer.alloc(0)), await lastRowsWith(Buffer.alloc(PADDING_BYTES, 0xa5))];
  if (!plain.equals(padded)) throw new Error('The last rows of the JPEG are missing.');
}

function tooManyPixels(maxPixels: number): LecternError {
  return new LecternError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The picture has more pixels, all frames together, than the limit of ${String(maxPixels)}.`,
  );
}
