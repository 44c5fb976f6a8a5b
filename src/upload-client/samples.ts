/** The size of a sample in bytes. */
const SAMPLE_BYTES = 65_536;

/**
 * SHA-256 of the first, the middle and the last 64 KiB, in lower-case hex. By these a file is known again: a name and a
 * size do not suffice, because a phone may encode a video anew each time it is chosen. A smaller file gives itself three
 * times. Null where the page has no Web Crypto, because it was not loaded over HTTPS.
 */
export async function samplesOf(file: Blob): Promise<string[] | null> {
  const subtle = (globalThis.crypto as { subtle?: SubtleCrypto } | undefined)?.subtle;
  if (subtle === undefined) return null;
  const lastStart = Math.max(0, file.size - SAMPLE_BYTES);
  const starts = [0, Math.floor(lastStart / 2), lastStart];
  return Promise.all(
    starts.map(async (start) => {
      const bytes = await file.slice(start, start + SAMPLE_BYTES).arrayBuffer();
      return toHex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
    }),
  );
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
