import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectUpload, DirectUploads, SignedPart, StoredPart } from '../../src/storage/direct-uploads.js';
import { startApp, type TestApp } from '../support/app.js';
import { halfDuplexRequest } from '../support/half-duplex.js';
import { requestHead, type RawBody } from '../support/multipart.js';
import { patience, slowness, waitUntil } from '../support/patience.js';
import { followRequests } from '../support/server-connections.js';

const MIB = 1024 ** 2;
const PART = 8 * MIB;
const OURS = 'https://app.example.org';
const OTHER = 'https://elsewhere.example.org';
/** How long a body may stall, in whole seconds: 1 on a quiet machine. */
const STALL_SECONDS = Math.round(slowness);

describe('PUT /files/uploads', () => {
  let app: TestApp;
  let direct: DirectUploads;
  let uploads = 0;

  beforeAll(async () => {
    app = await startApp({
      CORS_ORIGINS: OURS,
      UPLOAD_STALL_SECONDS: String(STALL_SECONDS),
      UPLOAD_PARTS_AT_ONCE: '2',
    });
    direct = app.app.storages.local.direct!;
  });
  afterAll(() => app.remove());

  const begin = async (size = PART): Promise<DirectUpload> => {
    const key = `videos/0190f2f4-0000-7000-8000-000000000000/lesson-${++uploads}.mp4`;
    const sessionId = `session-${uploads}`;
    const uploadId = await direct.begin(key, { contentType: 'video/mp4', size, sessionId });
    return { key, uploadId, sessionId, size, partSize: PART };
  };
  const sign = (upload: DirectUpload, size = upload.size): Promise<SignedPart> =>
    direct.signPart(upload, { number: 1, size }, new Date(Date.now() + patience(60_000)));
  const partsOf = async (upload: DirectUpload): Promise<StoredPart[]> => {
    const parts: StoredPart[] = [];
    for await (const part of direct.listParts(upload)) parts.push(part);
    return parts;
  };

  it('allows the origins of CORS_ORIGINS', async () => {
    const upload = await begin(4);
    const { url } = await sign(upload);
    const preflight = {
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-md5,content-type',
    };
    const asked = await fetch(url, { method: 'OPTIONS', headers: { origin: OURS, ...preflight } });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(OURS);
    expect(asked.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-md5, content-type');
    const refused = await fetch(url, { method: 'OPTIONS', headers: { origin: OTHER, ...preflight } });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    const put = await fetch(url, { method: 'PUT', headers: { origin: OURS }, body: 'part' });
    expect(put.status).toBe(200);
    expect(put.headers.get('access-control-allow-origin')).toBe(OURS);
  });

  it('aborts a stalled part with UPLOAD_INCOMPLETE, and accepts it again at once', async () => {
    const upload = await begin();
    const { url } = await sign(upload);
    const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const stalled = httpRequest(url, { method: 'PUT', headers: { 'content-length': PART } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }));
      });
      stalled.on('error', reject);
      stalled.write(Buffer.alloc(MIB));
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('"code":"UPLOAD_INCOMPLETE"');
    expect(await partsOf(upload)).toEqual([]);
    const again = await fetch((await sign(upload)).url, { method: 'PUT', body: new Uint8Array(PART) });
    expect(again.status).toBe(200);
    expect(await partsOf(upload)).toMatchObject([{ number: 1, size: PART }]);
  });

  it.each<[string, number, string, (upload: DirectUpload, url: string) => Promise<string>]>([
    ['whose URL was changed', 403, 'FORBIDDEN', async (_upload, url) => url.replace('part=1', 'part=2')],
    ['of another size than the signed one', 400, 'BAD_REQUEST', async (upload) => (await sign(upload, PART + 1)).url],
    [
      'of an upload that has ended',
      404,
      'NOT_FOUND',
      async (upload, url) => {
        await direct.abort(upload);
        return url;
      },
    ],
  ])(
    'refuses a large part %s, also to a client that reads only after it has written everything',
    async (_w, status, code, to) => {
      const upload = await begin();
      const url = await to(upload, (await sign(upload)).url);
      const body = { contentType: 'video/mp4', size: PART, chunks: () => [Buffer.alloc(PART)] };
      const { response } = await halfDuplexRequest(url, { method: 'PUT', body });
      expect(response?.status).toBe(status);
      expect(response?.text).toContain(`"code":"${code}"`);
    },
  );

  it('refuses one part too many before its body is read; a place is free when a part has ended', async () => {
    const bodyOf = (size: number): RawBody => ({
      contentType: 'video/mp4',
      size,
      chunks: () => [Buffer.alloc(size)],
    });
    const hold = async () => {
      const { url } = await sign(await begin(4));
      const socket = connect({ host: new URL(url).hostname, port: Number(new URL(url).port) });
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const headers = { expect: '100-continue', connection: 'close' };
      socket.write(requestHead(url, { method: 'PUT', body: bodyOf(4), headers }));
      await waitUntil(() => text.includes('\r\n\r\n'));
      return { socket, text: () => text };
    };
    const served = followRequests();
    const held = [await hold(), await hold()];
    const upload = await begin();
    const { url } = await sign(upload);
    const { response } = await halfDuplexRequest(url, { method: 'PUT', body: bodyOf(PART) });
    expect([response?.status, response?.headers.get('retry-after')]).toEqual([503, '5']);
    expect(response?.text).toContain('"code":"SERVICE_UNAVAILABLE"');
    expect(served.all.at(-1)!.socket.bytesRead).toBeLessThanOrEqual(64 * 1024);
    served.stop();
    // A part that may not be written takes no place and is refused as itself.
    const forged = await fetch(url.replace('part=1', 'part=2'), { method: 'PUT', body: new Uint8Array(PART) });
    expect(forged.status).toBe(403);
    for (const { socket, text } of held) {
      expect(text()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      socket.write(Buffer.alloc(4));
      await once(socket, 'close');
      expect(text()).toMatch(/HTTP\/1\.1 200 /);
    }
    const again = await fetch(url, { method: 'PUT', body: new Uint8Array(PART) });
    expect(again.status).toBe(200);
  });
});
