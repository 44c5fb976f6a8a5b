/** Markers of a JPEG (ITU-T T.81, annex B). */
const FRAME_MARKERS = [0xc0, 0xc1, 0xc2];
const SCAN = 0xda;
const END = 0xd9;
/** The number of coefficients of a block. */
const COEFFICIENTS = 64;
/** The number of missing bits of a coefficient that no scan has contained yet. Larger than any real number of bits. */
const ALL_BITS = 99;

/**
 * Returns true when the scans of a JPEG together contain every bit of every coefficient of every component. A
 * progressive JPEG without its last scans can be decoded but is blurred (G.1.1.1). Whether each scan is complete is not
 * checked here: the decoder does that.
 */
export function hasAllScans(bytes: Buffer): boolean {
  /** For each component: how many of the lowest bits of each coefficient are still missing. */
  const lacking = new Map<number, number[]>();
  for (const { marker, body } of segments(bytes)) {
    if (FRAME_MARKERS.includes(marker)) {
      for (let i = 0; i < (body[5] ?? 0); i++) {
        lacking.set(body[6 + 3 * i] ?? 0, Array<number>(COEFFICIENTS).fill(ALL_BITS));
      }
    } else if (marker === SCAN) {
      const components = body[0] ?? 0;
      const [first = 0, last = 0, bits = 0] = body.subarray(1 + 2 * components);
      for (let i = 0; i < components; i++) {
        lacking.get(body[1 + 2 * i] ?? 0)?.fill(bits & 0x0f, first, last + 1);
      }
    }
  }
  return lacking.size > 0 && [...lacking.values()].every((bits) => bits.every((lacks) => lacks === 0));
}

/** Yields the segments that have a length, up to the end marker or the end of a truncated file. */
function* segments(bytes: Buffer): Generator<{ readonly marker: number; readonly body: Buffer }> {
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === END) return;
    // Any number of fill bytes may precede a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    yield { marker, body: bytes.subarray(at + 4, end) };
    at = marker === SCAN ? nextMarker(bytes, end) : end;
  }
}

/**
 * The position of the next marker after the data of a scan. In the data, 00 or a restart marker follows FF (B.1.1.5).
 */
function nextMarker(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && isData(bytes[at + 1] ?? 0)) at = bytes.indexOf(0xff, at + 2);
  return at < 0 ? bytes.length : at;
}

function isData(byte: number): boolean {
  return byte === 0 || (byte >= 0xd0 && byte <= 0xd7);
}
