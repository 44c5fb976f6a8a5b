import { createHash } from 'node:crypto';

/** The bytes behind a URL that has to open. */
export async function download(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`HTTP ${response.status} for ${url}: ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The SHA-256 of what a URL gives. */
export async function downloadedSha256(url: string): Promise<string> {
  return sha256(await download(url));
}
