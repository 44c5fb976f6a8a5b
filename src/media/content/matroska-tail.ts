/** Reads durations from Matroska (RFC 9559), whose elements are encoded as EBML (RFC 8794). */

const CLUSTER = Buffer.from('1f43b675', 'hex');
const TIMESTAMP_SCALE = Buffer.from('2ad7b1', 'hex');
const TIMESTAMP = 0xe7;
const CRC_32 = 0xbf;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const BLOCK_DURATION = 0x9b;

/** Nanoseconds per time unit when the file has no TimestampScale (RFC 9559, section 5.1.2.9). */
const DEFAULT_SCALE = 1_000_000;
const NANOSECONDS = 1e9;

/** An element. Its content is at the positions `from` to before `to`. */
interface Element {
  readonly id: number;
  readonly from: number;
  /** Infinity when the size is unknown: the element ends where its parent ends. */
  readonly to: number;
}

/**
 * Returns when the last frame in the clusters of `tail` ends, in seconds from the beginning of the file. For a frame
 * without a stated duration, returns when it begins.
 * Returns undefined when `tail` contains no cluster.
 * @param tail The end of the file.
 * @param head The beginning of the file, which has the time unit.
 */
export function endOfClusters(tail: Buffer, head: Buffer): number | undefined {
  let last: number | undefined;
  // Searches backwards, because the last cluster may be truncated before its first frame.
  for (let at = tail.lastIndexOf(CLUSTER); at >= 0 && last === undefined; at = before(tail, at)) {
    last = endOfCluster(tail, at);
  }
  return last === undefined ? undefined : (last * scaleOf(head)) / NANOSECONDS;
}

/** The position before `at` where the previous cluster may begin. Returns -1 when there is none. */
function before(tail: Buffer, at: number): number {
  return at === 0 ? -1 : tail.lastIndexOf(CLUSTER, at - 1);
}

function scaleOf(head: Buffer): number {
  const at = head.indexOf(TIMESTAMP_SCALE);
  const element = at < 0 ? undefined : sized(head, at + TIMESTAMP_SCALE.length, 0);
  return element ? unsigned(head, element) || DEFAULT_SCALE : DEFAULT_SCALE;
}

/** When the last frame of a cluster ends, in time units. Returns undefined when the bytes only look like a cluster. */
function endOfCluster(tail: Buffer, at: number): number | undefined {
  const cluster = sized(tail, at + CLUSTER.length, 0);
  if (!cluster) return undefined;
  let begin: number | undefined;
  let end: number | undefined;
  for (const child of children(tail, cluster)) {
    if (child.id === TIMESTAMP) begin = unsigned(tail, child);
    // The timestamp is the first element of a cluster (section 5.1.3.1). Only a checksum may precede it.
    else if (begin === undefined && child.id !== CRC_32) return undefined;
    else if (begin !== undefined) end = Math.max(end ?? begin, begin + endOfFrame(tail, child));
  }
  return end;
}

/** When a frame ends, in time units from the beginning of its cluster. Returns 0 for other elements. */
function endOfFrame(tail: Buffer, element: Element): number {
  if (element.id === SIMPLE_BLOCK) return timeOfBlock(tail, element);
  if (element.id !== BLOCK_GROUP) return 0;
  let [time, duration] = [0, 0];
  for (const child of children(tail, element)) {
    if (child.id === BLOCK) time = timeOfBlock(tail, child);
    if (child.id === BLOCK_DURATION) duration = unsigned(tail, child);
  }
  return time + duration;
}

/** The time of a block: a signed 16-bit number after the track number (section 10.2). */
function timeOfBlock(tail: Buffer, { from }: Element): number {
  const track = sized(tail, from, 0);
  return track && track.from + 2 <= tail.length ? tail.readInt16BE(track.from) : 0;
}

function* children(tail: Buffer, { from, to }: Element): Generator<Element> {
  for (let at = from; at < Math.min(to, tail.length);) {
    const idLength = Math.clz32(tail[at] ?? 0) - 23;
    // The elements of a cluster have ids of one byte. A longer id belongs to an element beside the cluster.
    if (idLength !== 1) return;
    const element = sized(tail, at + 1, tail[at] ?? 0);
    if (!element || element.to === Infinity) return;
    yield element;
    at = element.to;
  }
}

/**
 * Reads the size at position `at` and returns the element (RFC 8794, section 4).
 * Returns undefined when the bytes there are not a complete size.
 */
function sized(bytes: Buffer, at: number, id: number): Element | undefined {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || at + length > bytes.length) return undefined;
  let size = first & (0xff >> length);
  let unknown = size === 0xff >> length;
  for (const byte of bytes.subarray(at + 1, at + length)) {
    size = size * 256 + byte;
    unknown &&= byte === 0xff;
  }
  const from = at + length;
  return { id, from, to: unknown ? Infinity : from + size };
}

function unsigned(bytes: Buffer, { from, to }: Element): number {
  const value = bytes.subarray(from, Math.min(to, from + 8));
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}
