import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { bigPng } from '../support/fixtures.js';
import { UploadImageDocument } from '../support/gql/graphql.js';
import { halfDuplexRequest } from '../support/half-duplex.js';
import { graphqlParts, multipartBody, parseAnswer, requestHead, type RawBody } from '../support/multipart.js';
import { expectInTime, waitUntil } from '../support/patience.js';
import { followRequests, type ServedRequests } from '../support/server-connections.js';
import { tracesOf } from '../support/traces.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A request that is refused by its head, whatever its body contains. */
interface Refused {
  readonly what: string;
  readonly status: number;
  readonly code: string;
  readonly signedIn?: true;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly framings?: readonly ('content-length' | 'chunked')[];
}

const REFUSED: readonly Refused[] = [
  { what: 'no token', status: 401, code: 'UNAUTHENTICATED' },
  {
    what: 'an invalid token',
    status: 401,
    code: 'UNAUTHENTICATED',
    headers: { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl' },
  },
  { what: 'no CSRF header', status: 400, code: 'BAD_REQUEST', headers: { 'apollo-require-preflight': '' } },
  {
    what: 'a token and no CSRF header',
    signedIn: true,
    status: 400,
    code: 'BAD_REQUEST',
    headers: { 'apollo-require-preflight': '' },
  },
  {
    what: 'an unsupported content type',
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    headers: { 'content-type': 'video/mp4' },
  },
  {
    what: 'a form without a boundary',
    status: 400,
    code: 'BAD_REQUEST',
    headers: { 'content-type': 'multipart/form-data' },
  },
  {
    what: 'JSON with a Content-Length above the limit',
    status: 413,
    code: 'BAD_REQUEST',
    headers: { 'content-type': 'application/json' },
    framings: ['content-length'],
  },
  {
    what: 'a form with a Content-Length above the limit',
    signedIn: true,
    status: 413,
    code: 'FILE_TOO_LARGE',
    headers: { 'content-length': String(2 ** 50) },
    framings: ['content-length'],
  },
  { what: 'an unknown path', status: 404, code: 'NOT_FOUND', path: '/nothing' },
  { what: 'a signed URL', status: 405, code: 'BAD_REQUEST', path: '/files/videos/a/b.mp4' },
  { what: 'a permalink', status: 404, code: 'NOT_FOUND', path: '/media/image/x' },
];

describe('a request that is refused by its head', () => {
  let app: TestApp;
  let token: string;
  let before: string[];
  let served: ServedRequests;

  beforeAll(async () => {
    app = await startApp();
    token = await tokenFor('ada', 'instructor');
    before = await tracesOf(app);
    served = followRequests();
  });
  afterAll(async () => {
    served.stop();
    await app.remove();
  });

  const form = multipartBody(
    graphqlParts({ document: UploadImageDocument, variables: { file: null }, files: { file: bigPng(9 * MIB) } }),
  );
  const chunks = [...form.chunks()];
  const body: RawBody = { ...form, chunks: () => chunks };

  const cases = REFUSED.flatMap((one) =>
    (one.framings ?? (['content-length', 'chunked'] as const)).map((framing) => ({ ...one, framing })),
  );
  /** The URL of a case. Its query identifies the request on the server's side. */
  let sent = 0;
  const urlOf = ({ path = '/graphql' }: Refused): string => `${app.origin}${path}?request=${String((sent += 1))}`;
  const servedAt = (url: string) => served.all.find((one) => app.origin + one.url === url)!;
  const requestFor = ({ headers, framing, signedIn }: (typeof cases)[number]) => ({
    body,
    framing,
    token: signedIn ? token : undefined,
    headers: headers ?? {},
  });

  /** Keeps writing, whatever is answered, until the connection is closed. */
  async function writeOn(url: string, head: string): Promise<{ answer: Buffer; bytesSent: number }> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    let bytesSent = 0;
    let answer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (answer = Buffer.concat([answer, chunk])));
    socket.on('error', () => undefined);
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(64 * KIB, 'x'), Buffer.from('\r\n')]);
    socket.write(head);
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk)) bytesSent += chunk.length;
    };
    socket.on('connect', more).on('drain', more);
    await closed;
    return { answer, bytesSent };
  }

  it.concurrent.each(cases)(
    '$what ($framing) is read for at most 64 KiB from a client that keeps writing',
    async (one) => {
      const url = urlOf(one);
      const { answer, bytesSent } = await writeOn(url, requestHead(url, requestFor(one)));
      const response = parseAnswer(answer, true);
      expect(response?.status).toBe(one.status);
      expect(JSON.parse(response!.text)).toMatchObject({ errors: [{ extensions: { code: one.code } }] });
      // The client has passed more than that to the kernel, so there was more to read.
      expect(bytesSent).toBeGreaterThan(64 * KIB);
      const request = servedAt(url);
      await waitUntil(() => request.closedAt !== undefined);
      expect(request.socket.bytesRead).toBeLessThanOrEqual(64 * KIB);
      // Timers have a resolution of a millisecond.
      expect(request.closedAt! - request.answeredAt!).toBeGreaterThan(990);
      await expectInTime(request.closedAt! - request.answeredAt! - 1_000);
      expect(await tracesOf(app)).toEqual(before);
    },
  );

  it.concurrent.each(cases)(
    '$what ($framing) is answered to a client that writes everything before it reads',
    async (one) => {
      const url = urlOf(one);
      const outcome = await halfDuplexRequest(url, requestFor(one));
      expect(outcome.response?.status).toBe(one.status);
      expect(JSON.parse(outcome.response!.text)).toMatchObject({ errors: [{ extensions: { code: one.code } }] });
      await expectInTime(outcome.milliseconds);
      expect(servedAt(url).socket.bytesRead).toBeLessThanOrEqual(64 * KIB);
    },
  );

  it.concurrent.each(cases)('$what ($framing) gets no 100 Continue', async (one) => {
    const url = urlOf(one);
    const request = requestFor(one);
    const { text } = await ask(
      url,
      requestHead(url, { ...request, headers: { ...request.headers, expect: '100-continue' } }),
    );
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${String(one.status)} `));
    expect(text).toContain(`"code":"${one.code}"`);
  });

  /** Sends a head, and `rest` after 100 Continue. Resolves with everything received until the connection ends. */
  async function ask(url: string, head: string, rest?: Iterable<Uint8Array>): Promise<{ text: string }> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (rest && text === 'HTTP/1.1 100 Continue\r\n\r\n') for (const piece of rest) socket.write(piece);
    });
    socket.write(head);
    await once(socket, 'close');
    return { text };
  }

  it('a valid form and a valid query get 100 Continue once', async () => {
    const small = multipartBody(
      graphqlParts({ document: UploadImageDocument, variables: { file: null }, files: { file: bigPng(100_000) } }),
    );
    const json = Buffer.from('{"query":"{ viewer { id } }"}');
    const query: RawBody = { contentType: 'application/json', size: json.length, chunks: () => [json] };
    for (const one of [small, query]) {
      const headers = { expect: '100-continue', connection: 'close' };
      const { text } = await ask(app.url, requestHead(app.url, { body: one, token, headers }), one.chunks());
      expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(2);
      expect(text).toContain('"data":{');
    }
  });

  it('an unknown Expect header is ignored', async () => {
    const json = Buffer.from('{"query":"{ viewer { id } }"}');
    const query: RawBody = { contentType: 'application/json', size: json.length, chunks: () => [json] };
    const head = requestHead(app.url, { body: query, headers: { expect: 'a-wonder', connection: 'close' } });
    const { text } = await ask(app.url, head + json.toString());
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('the short body of a refused request is read, and its connection serves the next request', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const short = Buffer.alloc(60 * KIB, 'x');
    const refused = requestHead(app.url, {
      body: { contentType: 'text/plain', size: short.length, chunks: () => [short] },
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write(refused);
    await waitUntil(() => text.includes('UNSUPPORTED_MEDIA_TYPE'));
    socket.write(short);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 415 [^]*HTTP\/1\.1 200 /);
  });
});
