/** What is read of Matroska here: RFC 9559; its elements are those of EBML (RFC 8794). */

const CLUSTER = Buffer.from('1f43b675', 'hex');
const TIMESTAMP_SCALE = Buffer.from('2ad7b1', 'hex');
const TIMESTAMP = 0xe7;
const CRC_32 = 0xbf;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const BLOCK_DURATION = 0x9b;

/** Nanoseconds in a unit of time, when the file states none. */
const DEFAULT_SCALE = 1_000_000;
const NANOSECONDS = 1e9;

interface Element {
  readonly id: number;
  readonly from: number;
  /** Infinity for one of unknown size: it ends where its parent does. */
  readonly to: number;
}

/**
 * When the last frame in the clusters of `tail` begins, or ends where that is stated, in seconds from the beginning of
 * the file. `head` is the beginning of the file. Undefined when `tail` has no cluster.
 */
export function endOfClusters(tail: Buffer, head: Buffer): number | undefined {
  let last: number | undefined;
  // Backwards: the last cluster may be cut off before its first frame.
  for (let at = tail.lastIndexOf(CLUSTER); at >= 0 && last === undefined; at = before(tail, at)) {
    last = endOfCluster(tail, at);
  }
  return last === undefined ? undefined : (last * scaleOf(head)) / NANOSECONDS;
}

/** Where the cluster before the one at `at` may begin. */
function before(tail: Buffer, at: number): number {
  return at === 0 ? -1 : tail.lastIndexOf(CLUSTER, at - 1);
}

function scaleOf(head: Buffer): number {
  const at = head.indexOf(TIMESTAMP_SCALE);
  const element = at < 0 ? undefined : sized(head, at + TIMESTAMP_SCALE.length, 0);
  return element ? unsigned(head, element) || DEFAULT_SCALE : DEFAULT_SCALE;
}

/** The end of the last frame in units of time. Undefined when these bytes only look like a cluster. */
function endOfCluster(tail: Buffer, at: number): number | undefined {
  const cluster = sized(tail, at + CLUSTER.length, 0);
  if (!cluster) return undefined;
  let begin: number | undefined;
  let end: number | undefined;
  for (const child of children(tail, cluster)) {
    if (child.id === TIMESTAMP) begin = unsigned(tail, child);
    // Its own timestamp is the first element of a cluster (section 5.1.3.1), but for a checksum.
    else if (begin === undefined && child.id !== CRC_32) return undefined;
    else if (begin !== undefined) end = Math.max(end ?? begin, begin + endOfFrame(tail, child));
  }
  return end;
}

/** The end of a frame from the beginning of its cluster, in units of time; 0 for what is no frame. */
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

/** Behind the number of the track stand two bytes, signed (section 10.2). */
function timeOfBlock(tail: Buffer, { from }: Element): number {
  const track = sized(tail, from, 0);
  return track && track.from + 2 <= tail.length ? tail.readInt16BE(track.from) : 0;
}

function* children(tail: Buffer, { from, to }: Element): Generator<Element> {
  for (let at = from; at < Math.min(to, tail.length);) {
    const idLength = Math.clz32(tail[at] ?? 0) - 23;
    // Another cluster ends one of unknown size; so do the elements of four bytes that stand beside clusters.
    if (idLength !== 1) return;
    const element = sized(tail, at + 1, tail[at] ?? 0);
    if (!element || element.to === Infinity) return;
    yield element;
    at = element.to;
  }
}

/** The element whose size stands at `at`: RFC 8794, section 4. */
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
