/** ITU-T T.81, annex B: the markers that are looked for. */
const FRAME_MARKERS = [0xc0, 0xc1, 0xc2];
const SCAN = 0xda;
const END = 0xd9;
/** Coefficients of a block. */
const COEFFICIENTS = 64;
/** What a coefficient that no scan has given yet lacks: more bits than any has. */
const NOTHING_GIVEN = 99;

/**
 * Whether the scans of a JPEG, all together, give every coefficient of every component to its last bit: a progressive
 * one without its last scans decodes, but stays blurred (G.1.1.1). Whether each scan is whole, the decoder says.
 */
export function hasAllScans(bytes: Buffer): boolean {
  /** By component: how many of the lowest bits each coefficient still lacks. */
  const lacking = new Map<number, number[]>();
  for (const { marker, body } of segments(bytes)) {
    if (FRAME_MARKERS.includes(marker)) {
      for (let i = 0; i < (body[5] ?? 0); i++) {
        lacking.set(body[6 + 3 * i] ?? 0, Array<number>(COEFFICIENTS).fill(NOTHING_GIVEN));
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

/** The segments with a length, from the first to the end marker or to where the file is cut off. */
function* segments(bytes: Buffer): Generator<{ readonly marker: number; readonly body: Buffer }> {
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === END) return;
    // Before a marker any number of fill bytes may stand.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    yield { marker, body: bytes.subarray(at + 4, end) };
    at = marker === SCAN ? behindData(bytes, end) : end;
  }
}

/** The next marker behind the data of a scan: in them, FF is followed by 00 or a restart marker (B.1.1.5). */
function behindData(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && isData(bytes[at + 1] ?? 0)) at = bytes.indexOf(0xff, at + 2);
  return at < 0 ? bytes.length : at;
}

function isData(byte: number): boolean {
  return byte === 0 || (byte >= 0xd0 && byte <= 0xd7);
}
