/** The length of an ID3v2 tag's header, in bytes (ID3v2.4, section 3.1). */
const TAG_HEAD_BYTES = 10;
/** The flag for a footer, which has the length of the header. */
const TAG_FOOTER_FLAG = 0x10;
/** How far after a tag the first frame is searched, in bytes: some programs leave a gap. */
const MAX_GAP_BYTES = 2_048;

/** Bit rates of layer III by the index in a frame header, in kbit/s (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3). */
const MPEG_1_RATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG_2_RATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/** Sample rates of MPEG-1, in Hz. Those of MPEG-2 are half, those of MPEG-2.5 a quarter. */
const SAMPLE_RATES = [44_100, 48_000, 32_000];

/**
 * Returns true when a file begins with two consecutive MP3 frames, or with an ID3 tag and then such frames. When the
 * tag is longer than `head`, the frames cannot be seen and the file counts as MP3; measuring checks it later.
 */
export function isMp3(head: Buffer): boolean {
  const tagBytes = id3Bytes(head);
  if (tagBytes >= head.length) return true;
  const last = tagBytes > 0 ? Math.min(tagBytes + MAX_GAP_BYTES, head.length) : 0;
  for (let at = tagBytes; at <= last; at++) {
    const first = frameBytes(head, at);
    if (first > 0 && (at + first + 4 > head.length ? tagBytes > 0 : frameBytes(head, at + first) > 0)) return true;
  }
  return false;
}

/** The length of the ID3v2 tag at the beginning, in bytes. Returns 0 when there is none. */
export function id3Bytes(head: Buffer): number {
  if (head.length < TAG_HEAD_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return 0;
  const [major = 0xff, revision = 0xff, flags = 0] = head.subarray(3, 6);
  const size = head.subarray(6, TAG_HEAD_BYTES);
  // In the four bytes of the size the highest bit is 0, which tells a tag from text that begins with "ID3".
  if (major === 0xff || revision === 0xff || major > 4 || size.some((byte) => byte > 0x7f)) return 0;
  const length = size.reduce((sum, byte) => sum * 128 + byte, 0);
  return TAG_HEAD_BYTES + length + (flags & TAG_FOOTER_FLAG ? TAG_HEAD_BYTES : 0);
}

/** The length of the layer III frame at position `at`, in bytes. Returns 0 when there is none. */
function frameBytes(head: Buffer, at: number): number {
  if (at + 4 > head.length || head[at] !== 0xff) return 0;
  const [second = 0, third = 0] = head.subarray(at + 1, at + 3);
  const version = (second >> 3) & 3;
  if ((second & 0xe0) !== 0xe0 || version === 1 || ((second >> 1) & 3) !== 1) return 0;
  const isMpeg1 = version === 3;
  const rate = (isMpeg1 ? MPEG_1_RATES : MPEG_2_RATES)[third >> 4] ?? 0;
  const sampleRate = (SAMPLE_RATES[(third >> 2) & 3] ?? 0) / (isMpeg1 ? 1 : version === 2 ? 2 : 4);
  if (rate === 0 || sampleRate === 0) return 0;
  return Math.floor(((isMpeg1 ? 144 : 72) * rate * 1_000) / sampleRate) + ((third >> 1) & 1);
}
