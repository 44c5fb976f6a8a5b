import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { longVideo } from '../tests/support/long-video.js';
import type { UploadFile } from '../tests/support/multipart.js';

export const MiB = 1024 ** 2;

/** A video of about so many MiB. */
export function videoOf(size: number): UploadFile {
  const repeats = Math.max(1, Math.round(size / (8 * MiB)));
  return longVideo(repeats, Math.floor(size / repeats));
}

/** Sends chunks as a body and reads the answer. Throws when the answer says that something went wrong. */
export async function send(
  method: string,
  url: string,
  headers: Record<string, string | number>,
  chunks: Iterable<Uint8Array>,
): Promise<string> {
  const outgoing = request(url, { method, headers, agent: false });
  const answered = new Promise<string>((resolve, reject) => {
    outgoing.once('error', reject).once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('error', reject).once('end', () => {
        const failed = (response.statusCode ?? 0) >= 400 || text.includes('"errors"');
        if (failed) reject(new Error(`${url} answered ${response.statusCode ?? 0}: ${text.slice(0, 500)}`));
        else resolve(text);
      });
    });
  });
  await Promise.all([pipeline(Readable.from(pieces(chunks)), outgoing), answered]);
  return answered;
}

/** No client writes megabytes at once. */
function* pieces(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += MiB) yield chunk.subarray(at, at + MiB);
  }
}

/** Milliseconds that some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Sends one query as JSON and returns its data. */
export async function query<T>(url: string, token: string | null, text: string, variables: object = {}): Promise<T> {
  const body = Buffer.from(JSON.stringify({ query: text, variables }));
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  return (JSON.parse(await send('POST', url, headers, [body])) as { data: T }).data;
}
