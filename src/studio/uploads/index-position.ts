/** Reads the bytes from `start` to before `end`. */
export interface RangeReader {
  read(start: number, end: number): Promise<Uint8Array>;
}

/** The size and the type of a box, and its size in 64 bits if the first is 1 (ISO/IEC 14496-12, section 4.2). */
const HEADER_BYTES = 16;
/** An ordinary file has less than ten boxes on its top level. */
const MAX_BOXES = 1_000;

/** Whether the index (`moov`) of an MP4 or QuickTime file comes after its media data (`mdat`). */
export async function isIndexLast(size: number, reader: RangeReader): Promise<boolean> {
  let hasData = false;
  for (let at = 0, count = 0; at + 8 <= size && count < MAX_BOXES; count++) {
    const header = await reader.read(at, Math.min(at + HEADER_BYTES, size));
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const type = String.fromCharCode(...header.subarray(4, 8));
    if (type === 'moov') return hasData;
    if (type === 'mdat') hasData = true;
    const short = view.getUint32(0);
    const length = short === 1 && view.byteLength >= HEADER_BYTES ? Number(view.getBigUint64(8)) : short;
    // 0: the last box, which reaches to the end of the file. Less than a header: the file is damaged.
    if (length < 8) return false;
    at += length;
  }
  return false;
}
