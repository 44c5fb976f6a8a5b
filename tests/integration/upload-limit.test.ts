import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { bigPng, fixtures } from '../support/fixtures.js';
import { UploadImageDocument } from '../support/gql/graphql.js';
import { graphql } from '../support/graphql-client.js';
import { halfDuplexRequest } from '../support/half-duplex.js';
import { graphqlParts, multipartBody, rawRequest, requestHead, type RawBody } from '../support/multipart.js';
import { waitUntil } from '../support/patience.js';
import { followRequests, type ServedRequests } from '../support/server-connections.js';
import { tracesOf } from '../support/traces.js';

const formOf = (file: typeof fixtures.png | ReturnType<typeof bigPng>): RawBody =>
  multipartBody(graphqlParts({ document: UploadImageDocument, variables: { file: null }, files: { file } }));

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

let app: TestApp;
let token: string;
let served: ServedRequests;
const small = formOf(fixtures.png);
beforeAll(async () => {
  app = await startApp({ UPLOADS_AT_ONCE: '2' });
  token = await tokenFor('ada', 'instructor');
  served = followRequests();
});
afterAll(async () => {
  served.stop();
  await app.remove();
});

interface Running {
  readonly socket: Socket;
  /** Everything that the server has written. */
  text(): string;
}

/** An upload that the server has accepted, and that has not sent its body yet. */
async function begin(): Promise<Running> {
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(requestHead(app.url, { body: small, token, headers: { expect: '100-continue', connection: 'close' } }));
  await waitUntil(() => text.includes('\r\n\r\n'));
  return { socket, text: () => text };
}

async function end({ socket, text }: Running): Promise<string> {
  for (const chunk of small.chunks()) socket.write(chunk);
  await once(socket, 'close');
  return text();
}

it('an upload above UPLOADS_AT_ONCE is refused before its body is read, and the others are served', async () => {
  const running = [await begin(), await begin()];
  expect(running.map(({ text }) => text())).toEqual([CONTINUE, CONTINUE]);
  const before = await tracesOf(app);

  const big = formOf(bigPng(9 * 1024 ** 2));
  for (const framing of ['content-length', 'chunked'] as const) {
    const url = `${app.url}?refused=${framing}`;
    const { response } = await halfDuplexRequest(url, { body: big, framing, token });
    expect([response?.status, response?.headers.get('retry-after')]).toEqual([503, '5']);
    expect(JSON.parse(response!.text)).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    const request = served.all.find((one) => app.origin + one.url === url)!;
    expect(request.socket.bytesRead).toBeLessThanOrEqual(64 * 1024);
  }
  expect(await tracesOf(app)).toEqual(before);

  // Queries and anonymous uploads do not count.
  expect((await graphql(app.url, '{ viewer { id } }', {}, { token })).status).toBe(200);
  expect((await rawRequest(app.url, { body: small })).response?.status).toBe(401);

  for (const one of running) expect(await end(one)).toMatch(/HTTP\/1\.1 200 [^]*"uploadImage"/);
});

it('an upload that ends, is refused or loses its client makes room for another', async () => {
  const left = await begin();
  left.socket.destroy();
  const noFile = multipartBody([]);
  for (let i = 0; i < 3; i += 1) {
    expect((await rawRequest(app.url, { body: noFile, token })).response?.status).toBe(400);
  }
  // The server may notice a closed connection later than its client.
  await waitUntil(async () => (await rawRequest(app.url, { body: small, token })).response?.status === 200);
  const free = async (): Promise<Running | undefined> => {
    const one = await begin();
    if (one.text() === CONTINUE) return one;
    one.socket.destroy();
    return undefined;
  };
  const both = [await waitUntil(free), await waitUntil(free)];
  expect((await begin()).text()).toMatch(/^HTTP\/1\.1 503 /);
  for (const one of both) expect(await end(one)).toMatch(/HTTP\/1\.1 200 /);
});
