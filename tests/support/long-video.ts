import { fixtures } from './fixtures.js';
import type { UploadFile } from './multipart.js';

/** The boxes that contain the boxes with the sample tables (ISO/IEC 14496-12). */
const CONTAINERS = new Set(['moov', 'trak', 'edts', 'mdia', 'minf', 'stbl']);
/** The offset of the duration in a box of version 0. */
const DURATION_AT: Readonly<Record<string, number>> = { mvhd: 24, tkhd: 28, mdhd: 24, elst: 16 };

interface Box {
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * The video track of fixtures.video, repeated. `padding` unused bytes follow each repetition, so that no browser buffers
 * the whole file.
 */
export function longVideo(repeats: number, padding: number): UploadFile {
  const source = Buffer.from(fixtures.video.bytes);
  const boxes = boxesOf(source);
  const [ftyp, moov, mdat] = ['ftyp', 'moov', 'mdat'].map((type) => boxes.find((box) => box.type === type)!.bytes);
  const body = Buffer.concat([mdat!, box('free', Buffer.alloc(padding))]);
  const shifts = (start: number): number[] =>
    Array.from({ length: repeats }, (_, index) => start + index * body.length - source.indexOf(mdat!));
  const sizeOfHead = ftyp!.length + longer(moov!, shifts(0)).length;
  const head = Buffer.concat([ftyp!, longer(moov!, shifts(sizeOfHead))]);
  return {
    filename: 'long.mp4',
    contentType: 'video/mp4',
    size: head.length + repeats * body.length,
    chunks: () => [head, ...Array.from({ length: repeats }, () => body)],
  };
}

/** A box with its samples repeated for each shift, `shift` bytes after their place in the source. Leaves out sound. */
function longer(bytes: Buffer, shifts: readonly number[]): Buffer {
  const type = bytes.toString('latin1', 4, 8);
  if (CONTAINERS.has(type)) {
    const inner = boxesOf(bytes.subarray(8)).filter(({ bytes: track }) => !isSound(track));
    return box(type, Buffer.concat(inner.map((each) => longer(each.bytes, shifts))));
  }
  const at = DURATION_AT[type];
  if (at !== undefined) {
    const changed = Buffer.from(bytes);
    changed.writeUInt32BE(bytes.readUInt32BE(at) * shifts.length, at);
    return changed;
  }
  switch (type) {
    case 'stts':
    case 'ctts':
      return table(bytes, 8, shifts, (entry) => entry);
    case 'stss': {
      // The entries are sample numbers, from 1. The fixture has 48 samples.
      return table(bytes, 4, shifts, (entry, index) => plus(entry, index * SAMPLES));
    }
    case 'stsc':
      return table(bytes, 12, shifts, (entry, index) => plus(entry, index * CHUNKS));
    case 'stsz':
      // One more number comes before its table.
      return table(bytes, 4, shifts, (entry) => entry, 16);
    case 'stco':
      return table(bytes, 4, shifts, (entry, index) => plus(entry, shifts[index]!));
    default:
      return bytes;
  }
}

/** The numbers of samples and chunks of the video track in the fixture. */
const SAMPLES = 48;
const CHUNKS = 47;

function isSound(bytes: Buffer): boolean {
  return bytes.toString('latin1', 4, 8) === 'trak' && bytes.includes('soun');
}

/** Repeats the entries of a table for each shift. `countAt` is the offset of their number, before the first one. */
function table(
  bytes: Buffer,
  size: number,
  shifts: readonly number[],
  change: (entry: Buffer, index: number) => Buffer,
  countAt = 12,
): Buffer {
  const count = bytes.readUInt32BE(countAt);
  const first = countAt + 4;
  const entries = shifts.flatMap((_, index) =>
    Array.from({ length: count }, (_each, n) =>
      change(bytes.subarray(first + n * size, first + (n + 1) * size), index),
    ),
  );
  const counted = Buffer.alloc(4);
  counted.writeUInt32BE(entries.length);
  return box(bytes.toString('latin1', 4, 8), Buffer.concat([bytes.subarray(8, countAt), counted, ...entries]));
}

/** Returns an entry with a larger first number. */
function plus(entry: Buffer, more: number): Buffer {
  const changed = Buffer.from(entry);
  changed.writeUInt32BE(entry.readUInt32BE(0) + more, 0);
  return changed;
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), bytes: bytes.subarray(at, at + size) });
    at += size;
  }
  return boxes;
}
