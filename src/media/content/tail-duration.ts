import { endOfClusters } from './matroska-tail.js';
import { endOfFragments } from './fragment-tail.js';

export interface RangeReader {
  /** Of the file, in bytes. */
  readonly size: number;
  /** Reads the bytes from `start` to before `end`. */
  readonly read: (start: number, end: number) => Promise<Uint8Array>;
}

/** How much is read from the end of a file, in bytes: first the one, then the others, until a whole piece is found. */
const TAIL_BYTES = [512 * 1024, 4 * 1024 ** 2, 32 * 1024 ** 2];
/** How much is read from the beginning, where Matroska states its unit of time, in bytes. */
const HEAD_BYTES = 64 * 1024;

/**
 * The playing time of a recording whose head does not state it, in seconds, by the times of its last frames: the last
 * cluster of a Matroska or WebM file, the last fragment of an MP4. Undefined where there is none. `timescales` has the
 * units a second of each track, by its number.
 */
export async function durationOfTail(
  format: string,
  { size, read }: RangeReader,
  timescales: ReadonlyMap<number, number>,
): Promise<number | undefined> {
  const isMatroska = format === 'Matroska' || format === 'WebM';
  const head = isMatroska ? Buffer.from(await read(0, Math.min(size, HEAD_BYTES))) : undefined;
  for (const length of TAIL_BYTES) {
    const start = Math.max(0, size - length);
    const tail = Buffer.from(await read(start, size));
    const end = head ? endOfClusters(tail, head) : endOfFragments(tail, timescales);
    if (end !== undefined || start === 0) return end;
  }
  return undefined;
}
