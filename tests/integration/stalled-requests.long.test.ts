import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import { bigMp4, fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, UploadImageDocument } from '../support/gql/graphql.js';
import { graphqlParts, multipartBody, rawRequest, requestHead, truncated, type RawBody } from '../support/multipart.js';
import { expectInTime, slowness, waitFor, waitUntil } from '../support/patience.js';
import { followRequests } from '../support/server-connections.js';
import { onEveryStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';

const MIB = 1024 ** 2;
/** How long a request may stall on these servers, in whole seconds: 1 on a quiet machine. */
const STALL_SECONDS = Math.round(slowness);
const STALL_MS = STALL_SECONDS * 1_000;
/** Much longer than that, and much shorter than the default. */
const PATIENCE_MS = 10 * STALL_MS;

onEveryStorage('an upload that stalls', (storage) => {
  let app: TestApp;
  let token: string;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), UPLOAD_STALL_SECONDS: String(STALL_SECONDS) });
    token = await tokenFor('ada', 'instructor');
  });

  afterAll(() => app.remove());

  it('in the middle of a file is answered with UPLOAD_INCOMPLETE and leaves nothing behind', async () => {
    const before = await tracesOf(app);
    const variables = { input: { title: 'Stalled' } };
    const files = { introVideo: bigMp4(12 * MIB) };
    const whole = multipartBody(graphqlParts({ document: CreateCourseDocument, variables, files }));
    const { response, ended } = await rawRequest(app.url, {
      token,
      body: truncated(whole, 9 * MIB),
      timeoutMs: PATIENCE_MS,
    });
    expect(ended).toBe('response');
    expect(response?.text).toContain('"code":"UPLOAD_INCOMPLETE"');
    expect(await tracesOf(app)).toEqual(before);
  });
});

describe('a request', () => {
  let app: TestApp;
  let token: string;

  beforeAll(async () => {
    const limits = {
      UPLOAD_STALL_SECONDS: String(STALL_SECONDS),
      REQUEST_HEAD_SECONDS: '2',
      DOWNLOAD_STALL_SECONDS: String(STALL_SECONDS),
    };
    app = await startApp(limits);
    token = await tokenFor('ada', 'instructor');
  });
  afterAll(() => app.remove());

  const form = multipartBody(
    graphqlParts({ document: UploadImageDocument, variables: { file: null }, files: { file: fixtures.png } }),
  );
  const json = Buffer.from(JSON.stringify({ query: '{ viewer { id } }' }));
  const query: RawBody = { contentType: 'application/json', size: json.length, chunks: () => [json] };
  const bytes = Buffer.concat([...form.chunks()]);

  it.concurrent.each([
    ['in its JSON', query, 10, 'BAD_REQUEST'],
    ['before its JSON', query, 0, 'BAD_REQUEST'],
    ['before its form', form, 0, 'UPLOAD_INCOMPLETE'],
    ['in its operations', form, 150, 'UPLOAD_INCOMPLETE'],
    ['in its map', form, bytes.indexOf('variables.file"') + 3, 'UPLOAD_INCOMPLETE'],
    ['in the header of its file', form, bytes.indexOf('filename=') + 3, 'UPLOAD_INCOMPLETE'],
    ['in its file', form, bytes.indexOf(fixtures.png.bytes) + 1_000, 'UPLOAD_INCOMPLETE'],
    ['in its last boundary', form, bytes.length - 4, 'UPLOAD_INCOMPLETE'],
  ])('that stalls %s is answered, with Content-Length and chunked', async (_where, body, size, code) => {
    const before = await tracesOf(app);
    for (const framing of ['content-length', 'chunked'] as const) {
      const stopped = size > 0 ? truncated(body, size) : { ...body, chunks: () => [] };
      const request = { token, framing, body: stopped, afterwards: 'stall', timeoutMs: PATIENCE_MS } as const;
      const { response, milliseconds } = await rawRequest(app.url, request);
      expect([response?.status, response?.text]).toEqual([
        expect.any(Number),
        expect.stringContaining(`"code":"${code}"`),
      ]);
      expect(milliseconds).toBeGreaterThan(0.9 * STALL_MS);
      await expectInTime(milliseconds - STALL_MS);
    }
    expect(await tracesOf(app)).toEqual(before);
  });

  it.each([
    ['form', form],
    ['query', query],
  ])('that is slow but does not stall is served: a %s', async (_what, body) => {
    const all = Buffer.concat([...body.chunks()]);
    const piece = Math.ceil(all.length / 6);
    const pieces = Array.from({ length: 6 }, (_, i) => all.subarray(i * piece, (i + 1) * piece));
    const { response, milliseconds } = await rawRequest(app.url, {
      token,
      body: { ...body, chunks: () => pieces },
      beforeChunk: () => delay(0.4 * STALL_MS),
    });
    expect(response?.status).toBe(200);
    expect(JSON.parse(response!.text)).not.toHaveProperty('errors');
    expect(milliseconds).toBeGreaterThan(2 * STALL_MS);
  });

  /** Sends a piece every 200 ms. Resolves with the answer and the time until the connection ended. */
  async function headOf(pieces: readonly string[]): Promise<{ text: string; milliseconds: number }> {
    const { hostname, port } = new URL(app.url);
    const began = performance.now();
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    let text = '';
    const state = { isOver: false };
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined).on('end', () => (state.isOver = true));
    for (const piece of pieces) {
      if (state.isOver) break;
      socket.write(piece);
      await delay(200);
    }
    await waitUntil(() => state.isOver, { within: PATIENCE_MS });
    const milliseconds = performance.now() - began;
    socket.end();
    await closed;
    return { text, milliseconds };
  }

  it.concurrent.each([
    ['nothing is sent', []],
    ['only its first line is sent', ['POST /graphql HTTP/1.1\r\n']],
    ['a header is never completed', ['POST /graphql HTTP/1.1\r\nHost: x\r\nX-Long: y']],
    ['it is sent a byte at a time', 'GET /healthz HTTP/1.1\r\nHost: example.org\r\nX-Slow: z'.split('')],
  ])('whose head is not complete in time is answered with 408 when %s', async (_what, pieces) => {
    const { text, milliseconds } = await headOf(pieces);
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*"code":"BAD_REQUEST"/);
    expect(milliseconds).toBeGreaterThan(1_500);
    await expectInTime(milliseconds - 2_000);
  });

  it.concurrent.each([
    ['nonsense', '\x00\x01\x02 nonsense\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n', 400],
    ['a head that is too long', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'both a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
  ])('that is not valid HTTP is answered in JSON: %s', async (_what, head, status) => {
    const { text } = await headOf([head]);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} `));
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', retryable: false } }] });
  });

  it('with invalid chunks is answered, and leaves nothing behind', async () => {
    const before = await tracesOf(app);
    const head = requestHead(app.url, { token, body: form, framing: 'chunked' });
    const { text } = await headOf([head, `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}`, 'no chunk']);
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_REQUEST"/);
    await waitFor(async () => expect(await tracesOf(app)).toEqual(before));
  });

  describe('for a download', () => {
    const video = bigMp4(40 * MIB);
    let url: URL;

    beforeAll(async () => {
      const course = await createCourse(await clientOf(app, 'ada'), { title: 'Long' }, { introVideo: video });
      url = new URL(course.introVideoUrl!);
    });

    /** Starts a download without reading the answer. */
    function download(): Socket {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      return socket;
    }

    it('is closed when its reader stops reading', async () => {
      const served = followRequests();
      const socket = download();
      await waitUntil(() => served.all[0]?.closedAt !== undefined, { within: PATIENCE_MS });
      expect(served.all[0]?.socket.bytesWritten).toBeLessThan(video.size);
      socket.destroy();
      served.stop();
    });

    it('is served when its reader is slow', async () => {
      const socket = download();
      const began = performance.now();
      let read = 0;
      const ended = new Promise((resolve) => socket.once('end', resolve));
      socket.on('data', (chunk: Buffer) => {
        const pauseAt = Math.floor(read / (8 * MIB));
        read += chunk.length;
        if (Math.floor(read / (8 * MIB)) > pauseAt) {
          socket.pause();
          setTimeout(() => socket.resume(), 0.5 * STALL_MS);
        }
      });
      socket.resume();
      await ended;
      expect(read).toBeGreaterThan(video.size);
      expect(performance.now() - began).toBeGreaterThan(2 * STALL_MS);
    });
  });
});
