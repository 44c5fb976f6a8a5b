import sharp, { type Metadata } from 'sharp';
import { LecternError } from '../../errors.js';
import { statedPixels } from './image-blocks.js';
import { hasAllScans } from './jpeg-scans.js';

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

/** What the decoder says when a JPEG has no end marker. */
const MISSING_END = /premature end of (JPEG|input)|end of JPEG (image|file)/i;
const END_OF_JPEG = Buffer.from([0xff, 0xd9]);
/** As many rows as the largest block of a JPEG has (ITU-T T.81, A.2.3: four blocks of eight), and one block more. */
const LAST_ROWS = 40;
/** Enough that the decoder makes pixels of it. */
const PADDING_BYTES = 256;

interface DecodeOptions {
  readonly seen: Metadata;
  readonly animated: boolean;
  readonly maxPixels: number;
}

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
    // Cut to its own size: without that, a JPEG is decoded at an eighth of it, and the decoder overlooks missing rows.
    if (isJpeg) image.extract({ left: 0, top: 0, width: seen.width, height: seen.height });
    // Every row goes into the few pixels that are made: all is decoded, and little is held.
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
      // With its end in place the decoder is silent, unless rows are missing. It overlooks the last few.
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

/** Throws when the last rows of a JPEG depend on what is put behind its data: then a part of the data is missing. */
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
    `The picture has more than the ${String(maxPixels)} pixels accepted here, all frames together.`,
  );
}
