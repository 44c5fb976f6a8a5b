/** Reads durations from fragmented MP4: ISO/IEC 14496-12, section 8.8. */

/** Flags of a `tfhd` box (8.8.7): which of its optional fields are present, up to the default duration of a sample. */
const BASE_OFFSET = 0x01;
const DESCRIPTION_INDEX = 0x02;
const DEFAULT_DURATION = 0x08;
/** Flags of a `trun` box (8.8.8): which optional fields the box has, and which each of its samples has. */
const DATA_OFFSET = 0x01;
const FIRST_FLAGS = 0x04;
const SAMPLE_DURATION = 0x100;
const SAMPLE_FIELDS = [SAMPLE_DURATION, 0x200, 0x400, 0x800];

/** A box. Its content is at the positions `from` to before `to`. */
interface Box {
  readonly type: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns when the last sample in the fragments of `tail` ends, in seconds from the beginning of the file.
 * Returns undefined when `tail` contains no complete `moof` box, or one without the durations of its samples.
 * @param tail The end of the file.
 * @param timescales The time units per second of each track, by track number.
 */
export function endOfFragments(tail: Buffer, timescales: ReadonlyMap<number, number>): number | undefined {
  let end: number | undefined;
  for (let at = tail.indexOf('moof', 4, 'latin1'); at >= 0; at = tail.indexOf('moof', at + 4, 'latin1')) {
    const moof = { type: 'moof', from: at + 4, to: at - 4 + tail.readUInt32BE(at - 4) };
    // The four letters may occur in a frame by chance. A real `moof` is complete and begins with `mfhd`.
    if (moof.to > tail.length || children(tail, moof).next().value?.type !== 'mfhd') continue;
    for (const traf of children(tail, moof)) {
      const endOfTrack = traf.type === 'traf' ? endOfTraf(tail, traf, timescales) : undefined;
      if (endOfTrack !== undefined) end = Math.max(end ?? 0, endOfTrack);
    }
  }
  return end;
}

/** When the samples of one track in a fragment end, in seconds. Returns undefined when durations are missing. */
function endOfTraf(tail: Buffer, traf: Box, timescales: ReadonlyMap<number, number>): number | undefined {
  let timescale: number | undefined;
  let defaultDuration: number | undefined;
  let end: number | undefined;
  for (const box of children(tail, traf)) {
    if (box.type === 'tfhd') {
      const flags = flagsOf(tail, box);
      timescale = timescales.get(tail.readUInt32BE(box.from + 4));
      const at = box.from + 8 + (flags & BASE_OFFSET ? 8 : 0) + (flags & DESCRIPTION_INDEX ? 4 : 0);
      if (flags & DEFAULT_DURATION) defaultDuration = tail.readUInt32BE(at);
    } else if (box.type === 'tfdt') {
      const isLong = tail[box.from] === 1;
      end = isLong ? Number(tail.readBigUInt64BE(box.from + 4)) : tail.readUInt32BE(box.from + 4);
    } else if (box.type === 'trun' && end !== undefined) {
      const duration = durationOfRun(tail, box, defaultDuration);
      if (duration === undefined) return undefined;
      end += duration;
    }
  }
  return end === undefined || timescale === undefined ? undefined : end / timescale;
}

/** The duration of a run of samples, in units of the track's timescale. */
function durationOfRun(tail: Buffer, run: Box, defaultDuration: number | undefined): number | undefined {
  const flags = flagsOf(tail, run);
  const samples = tail.readUInt32BE(run.from + 4);
  if (!(flags & SAMPLE_DURATION)) return defaultDuration === undefined ? undefined : samples * defaultDuration;
  const first = run.from + 8 + (flags & DATA_OFFSET ? 4 : 0) + (flags & FIRST_FLAGS ? 4 : 0);
  const sampleBytes = SAMPLE_FIELDS.filter((field) => flags & field).length * 4;
  let duration = 0;
  for (let at = first; at < first + samples * sampleBytes && at + 4 <= run.to; at += sampleBytes) {
    duration += tail.readUInt32BE(at);
  }
  return duration;
}

/** The content of a full box begins with one byte for the version and three bytes for the flags (4.2). */
function flagsOf(tail: Buffer, { from }: Box): number {
  return tail.readUIntBE(from + 1, 3);
}

function* children(tail: Buffer, { from, to }: Box): Generator<Box, undefined> {
  for (let at = from; at + 8 <= to;) {
    const size = tail.readUInt32BE(at);
    // Boxes with size 0 or a 64-bit size do not occur here.
    if (size < 8 || at + size > to) return undefined;
    yield { type: tail.toString('latin1', at + 4, at + 8), from: at + 8, to: at + size };
    at += size;
  }
  return undefined;
}
