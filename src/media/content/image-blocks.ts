/**
 * What the headers of a picture's blocks say, without decoding. libpng knows no animation; libnsgif takes a GIF that was
 * cut off for one with fewer frames, and may ignore the size that it states. Browsers do neither.
 */

/**
 * How many pixels a browser makes of a PNG or GIF, all frames together. Throws when its blocks do not lead to its end.
 * Undefined for other types, whose decoder can be asked.
 */
export function statedPixels(bytes: Buffer, contentType: string): number | undefined {
  if (contentType === 'image/png') return pixelsOfPng(bytes);
  if (contentType === 'image/gif') return pixelsOfGif(bytes);
  return undefined;
}

/** Where the first chunk begins, and where that, the IHDR, states width and height. */
const PNG_SIGNATURE_BYTES = 8;
const PNG_WIDTH_AT = 16;
const PNG_HEIGHT_AT = 20;
/** Length, type and checksum of a chunk. */
const PNG_CHUNK_BYTES = 12;
const PNG_FRAME = Buffer.from('fcTL', 'latin1').readUInt32BE();
const PNG_END = Buffer.from('IEND', 'latin1').readUInt32BE();

/** PNG (Third Edition), sections 5.3 and 11.3.6: chunks to IEND; each frame of an animation has an fcTL. */
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

/** Where a GIF states its width and height, and how long its header is. */
const GIF_WIDTH_AT = 6;
const GIF_HEIGHT_AT = 8;
const GIF_FLAGS_AT = 10;
const GIF_HEADER_BYTES = 13;
const GIF_FRAME_HEADER_BYTES = 10;
const GIF_EXTENSION = 0x21;
const GIF_FRAME = 0x2c;
const GIF_TRAILER = 0x3b;

/** GIF89a, sections 15 to 27: blocks to the trailer, or to the end of the file behind a frame. */
function pixelsOfGif(bytes: Buffer): number {
  let frames = 0;
  let at = GIF_HEADER_BYTES + colourTableBytes(bytes[GIF_FLAGS_AT] ?? 0);
  for (;;) {
    const block = bytes[at];
    // Browsers show a GIF without its trailer, as long as its last block is whole.
    if (block === GIF_TRAILER || (at === bytes.length && frames > 0)) {
      return bytes.readUInt16LE(GIF_WIDTH_AT) * bytes.readUInt16LE(GIF_HEIGHT_AT) * Math.max(frames, 1);
    }
    if (block === GIF_EXTENSION) {
      at = behindSubBlocks(bytes, at + 2);
    } else if (block === GIF_FRAME) {
      frames += 1;
      const flags = bytes[at + GIF_FRAME_HEADER_BYTES - 1] ?? 0;
      // Behind the colour table stands one byte, the width of a code.
      at = behindSubBlocks(bytes, at + GIF_FRAME_HEADER_BYTES + colourTableBytes(flags) + 1);
    } else {
      throw new Error('The GIF has no end.');
    }
  }
}

/** A table of 2 to 256 colours of three bytes, where the highest bit says that there is one. */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

/** Where the block behind sub-blocks begins: they end with one of no length, which is not there in what was cut off. */
function behindSubBlocks(bytes: Buffer, from: number): number {
  let at = from;
  for (let length = bytes[at]; length; length = bytes[at]) at += length + 1;
  if (at >= bytes.length) throw new Error('The GIF is cut off.');
  return at + 1;
}
