/**
 * Reads the headers of PNG and GIF blocks, without decoding, because the decoders see less than browsers do: libpng
 * ignores animations; libnsgif takes a truncated GIF for one with fewer frames, and may ignore its stated size.
 */

/**
 * Returns how many pixels a browser allocates for a PNG or GIF, all frames together.
 * Returns undefined for other types, because their decoders report it.
 * @throws {Error} when the blocks end before the end marker: the file is truncated.
 */
export function statedPixels(bytes: Buffer, contentType: string): number | undefined {
  if (contentType === 'image/png') return pixelsOfPng(bytes);
  if (contentType === 'image/gif') return pixelsOfGif(bytes);
  return undefined;
}

/** The position of the first chunk (IHDR), and the positions of width and height in it. */
const PNG_SIGNATURE_BYTES = 8;
const PNG_WIDTH_AT = 16;
const PNG_HEIGHT_AT = 20;
/** The bytes of a chunk besides its data: length, type and checksum. */
const PNG_CHUNK_BYTES = 12;
const PNG_FRAME = Buffer.from('fcTL', 'latin1').readUInt32BE();
const PNG_END = Buffer.from('IEND', 'latin1').readUInt32BE();

/** Walks over the chunks to IEND. Each frame of an animation has an fcTL chunk. PNG (Third Edition), 5.3 and 11.3.6. */
function pixelsOfPng(bytes: Buffer): number {
  let frames = 0;
  for (let at = PNG_SIGNATURE_BYTES; at + PNG_CHUNK_BYTES <= bytes.length;) {
    const type = bytes.readUInt32BE(at + 4);
    if (type === PNG_FRAME) frames += 1;
    at += PNG_CHUNK_BYTES + bytes.readUInt32BE(at);
    if (type === PNG_END && at <= bytes.length) {
      return bytes.readUInt32BE(PNG_WIDTH_AT) * bytes.readUInt32BE(PNG_HEIGHT_AT) * Math.max(frames, 1);
    }
  }
  throw new Error('The PNG has no end.');
}

/** Positions in the header of a GIF, and its length. */
const GIF_WIDTH_AT = 6;
const GIF_HEIGHT_AT = 8;
const GIF_FLAGS_AT = 10;
const GIF_HEADER_BYTES = 13;
const GIF_FRAME_HEADER_BYTES = 10;
const GIF_EXTENSION = 0x21;
const GIF_FRAME = 0x2c;
const GIF_TRAILER = 0x3b;

/** Walks over the blocks to the trailer, or to the end of the file after a frame. GIF89a, sections 15 to 27. */
function pixelsOfGif(bytes: Buffer): number {
  let frames = 0;
  let at = GIF_HEADER_BYTES + colourTableBytes(bytes[GIF_FLAGS_AT] ?? 0);
  for (;;) {
    const block = bytes[at];
    // Browsers show a GIF without a trailer if its last block is complete.
    if (block === GIF_TRAILER || (at === bytes.length && frames > 0)) {
      return bytes.readUInt16LE(GIF_WIDTH_AT) * bytes.readUInt16LE(GIF_HEIGHT_AT) * Math.max(frames, 1);
    }
    if (block === GIF_EXTENSION) {
      at = afterSubBlocks(bytes, at + 2);
    } else if (block === GIF_FRAME) {
      frames += 1;
      const flags = bytes[at + GIF_FRAME_HEADER_BYTES - 1] ?? 0;
      // After the colour table comes one byte: the LZW code size.
      at = afterSubBlocks(bytes, at + GIF_FRAME_HEADER_BYTES + colourTableBytes(flags) + 1);
    } else {
      throw new Error('The GIF has no end.');
    }
  }
}

/**
 * The size of the colour table in bytes: 2 to 256 colours of 3 bytes. 0 when the highest bit says that there is none.
 */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

/**
 * Returns the position after a list of sub-blocks, which ends with a block of length 0. Throws when that is missing.
 */
function afterSubBlocks(bytes: Buffer, from: number): number {
  let at = from;
  for (let length = bytes[at]; length; length = bytes[at]) at += length + 1;
  if (at >= bytes.length) throw new Error('The GIF is truncated.');
  return at + 1;
}
