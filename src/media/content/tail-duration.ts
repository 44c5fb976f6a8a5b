import { endOfClusters } from './matroska-tail.js';
import { endOfFragments } from './fragment-tail.js';

export interface RangeReader {
  /** The size of the file, in bytes. */
  readonly size: number;
  /** Reads the bytes from `start` to before `end`. */
  readonly read: (start: number, end: number) => Promise<Uint8Array>;
}

/** How much is read from the end of a file, in bytes: each in turn, until a complete cluster or fragment is found. */
const TAIL_BYTES = [512 * 1024, 4 * 1024 ** 2, 32 * 1024 ** 2];
/** How much is read from the beginning of a Matroska file, which states the time unit, in bytes. */
const HEAD_BYTES = 64 * 1024;

/**
 * Finds the playing time of a recording whose metadata does not have it, in seconds, by the times in the last cluster
 * of a Matroska or WebM file or the last fragment of an MP4.
 * Returns undefined when there is no such cluster or fragment.
 * @param format Mediabunny's name of the format.
 * @param timescales The time units per second of each track, by track number.
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
