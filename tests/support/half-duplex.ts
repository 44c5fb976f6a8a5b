import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAnswer, requestHead, type RawOutcome, type RawRequest } from './multipart.js';

/** Writes a request with blocking writes until the end or an error, and only then reads the response. */
const CLIENT = 'exec 3<>"/dev/tcp/$0/$1"; cat "$2" >&3 2>&-; cat <&3 2>&-';

export interface HalfDuplexOutcome {
  /** Null when there was none. */
  readonly response: RawOutcome['response'];
  readonly milliseconds: number;
}

/** Runs a very simple client in a separate process. It does not read the response before it has written everything. */
export async function halfDuplexRequest(
  url: string,
  request: Pick<RawRequest, 'method' | 'body' | 'framing' | 'token' | 'headers'>,
): Promise<HalfDuplexOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-half-duplex-'));
  try {
    const path = join(folder, 'request');
    await writeRequest(path, url, request);
    const { hostname, port } = new URL(url);
    const began = performance.now();
    const client = spawn('bash', ['-c', CLIENT, hostname, port, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const received: Buffer[] = [];
    client.stdout.on('data', (chunk: Buffer) => received.push(chunk));
    await once(client, 'close');
    return { response: parseAnswer(Buffer.concat(received), true), milliseconds: performance.now() - began };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeRequest(
  path: string,
  url: string,
  request: Pick<RawRequest, 'method' | 'body' | 'framing' | 'token' | 'headers'>,
): Promise<void> {
  const file = await open(path, 'w');
  const chunked = request.framing === 'chunked';
  // The server is asked to close the connection after the response, so that this client knows where it ends.
  await file.write(requestHead(url, { ...request, headers: { connection: 'close', ...request.headers } }));
  for (const chunk of request.body.chunks()) {
    if (chunked && chunk.length > 0) await file.write(`${chunk.length.toString(16)}\r\n`);
    await file.write(chunk);
    if (chunked && chunk.length > 0) await file.write('\r\n');
  }
  if (chunked) await file.write('0\r\n\r\n');
  await file.close();
}
