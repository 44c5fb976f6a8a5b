import { createHash } from 'node:crypto';

/** Downloads a URL. Throws when the response is not a success. */
export async function download(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`HTTP ${response.status} for ${url}: ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Returns the SHA-256 of a download. */
export async function downloadedSha256(url: string): Promise<string> {
  return sha256(await download(url));
}
