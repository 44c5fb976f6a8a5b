import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { errorCodes, graphql, type RequestOptions } from '../support/graphql-client.js';
import { rawRequest, type RawBody } from '../support/multipart.js';
import { patience, waitUntil } from '../support/patience.js';

const jsonBody = (text: string): RawBody => {
  const bytes = Buffer.from(text);
  return { contentType: 'application/json', size: bytes.length, chunks: () => [bytes] };
};

describe('HTTP headers and statuses', () => {
  let app: TestApp;
  let fileUrl: string;
  let permalink: string;
  beforeAll(async () => {
    app = await startApp({ MAX_JSON_BODY_BYTES: '2048' });
    const course = await createCourse(
      await clientOf(app, 'ada'),
      { title: 'Knots' },
      { thumbnail: fixtures.thumbnail },
    );
    fileUrl = course.thumbnailUrl!;
    permalink = `${app.origin}/courses/${course.id}/thumbnail/file`;
  });
  afterAll(() => app.remove());

  it('401 names the scheme in WWW-Authenticate', async () => {
    for (const url of [app.url, permalink]) {
      const refused = await fetch(url, { headers: { authorization: 'Bearer wrong' } });
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
    const form = { ...jsonBody('x'), contentType: 'multipart/form-data; boundary=x' };
    const { response } = await rawRequest(app.url, { body: form });
    expect([response?.status, response?.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(app.origin)).headers.has('www-authenticate')).toBe(false);
  });

  it.each(['content-length', 'chunked'] as const)('JSON above its limit is answered with 413 (%s)', async (framing) => {
    const body = jsonBody(JSON.stringify({ query: `{ viewer { id } } # ${'x'.repeat(2048)}` }));
    const { response } = await rawRequest(app.url, { body, framing });
    expect(response?.status).toBe(413);
    expect(JSON.parse(response!.text)).toMatchObject({
      errors: [{ message: 'The JSON is larger than 2048 bytes.', extensions: { code: 'BAD_REQUEST' } }],
    });
  });

  it.each([
    ['{"query": <!doctype html>}', 'The body is not valid JSON (line 1, column 11).'],
    ['{\n  "query": "{ viewer { id } }",\n}', 'The body is not valid JSON (line 3, column 1).'],
    ['{"query"', 'The body is not valid JSON (line 1, column 9).'],
    ['   ', 'The body is not valid JSON (it is empty).'],
    ['"a text"', 'The body is not a JSON object.'],
    ['['.repeat(1_000), 'The body is not valid JSON (line 1, column 1001).'],
  ])('malformed JSON is answered with its position and never quoted: %s', async (text, message) => {
    const { response } = await rawRequest(app.url, { body: jsonBody(text) });
    expect(response?.status).toBe(400);
    expect(JSON.parse(response!.text)).toMatchObject({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('a file is served when If-Match and If-Unmodified-Since hold, and answered with 412 when not', async () => {
    const plain = await fetch(fileUrl);
    const bytes = Buffer.from(await plain.arrayBuffer());
    const etag = plain.headers.get('etag')!;
    const modified = plain.headers.get('last-modified')!;
    const dayAfter = (days: number): string => new Date(Date.parse(modified) + days * 86_400_000).toUTCString();
    // Not by fetch, which adds Cache-Control to conditional requests.
    const ask = async (headers: Record<string, string>, method = 'GET'): Promise<number | undefined> => {
      const [response] = (await once(httpRequest(fileUrl, { method, headers }).end(), 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect(await ask({ 'if-match': '"another"' })).toBe(412);
    expect(await ask({ 'if-match': `W/${etag}` })).toBe(412);
    expect(await ask({ 'if-match': '"another"' }, 'HEAD')).toBe(412);
    expect(await ask({ 'if-unmodified-since': dayAfter(-1) })).toBe(412);
    expect(await ask({ 'if-match': '"another"', 'if-none-match': etag, range: 'bytes=0-9' })).toBe(412);
    const refused = await fetch(fileUrl, { headers: { 'if-match': '"another"' } });
    expect([refused.headers.has('etag'), refused.headers.get('cache-control')]).toEqual([false, 'no-store']);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });

    for (const match of [etag, '*', `"another", ${etag}`]) expect(await ask({ 'if-match': match })).toBe(200);
    expect(await ask({ 'if-unmodified-since': modified })).toBe(200);
    expect(await ask({ 'if-unmodified-since': 'no date' })).toBe(200);
    expect(await ask({ 'if-match': etag, 'if-unmodified-since': dayAfter(-1) })).toBe(200);
    expect(await ask({ 'if-match': etag, 'if-none-match': etag })).toBe(304);
    const part = await fetch(fileUrl, { headers: { 'if-match': etag, range: 'bytes=0-9' } });
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, bytes.subarray(0, 10)]);
  });

  it('/ offers a browser the studio, /docs and Sandbox, and tells other clients where the API is', async () => {
    const browser = await fetch(`${app.origin}/`, { headers: { accept: 'text/html,*/*;q=0.8' } });
    const page = await browser.text();
    expect(browser.status).toBe(200);
    for (const address of ['studio/', 'docs', 'graphql']) expect(page).toContain(`href="${address}"`);
    expect(browser.headers.get('content-security-policy')).not.toContain('unsafe-inline');
    const other = await fetch(`${app.origin}/`);
    expect([other.status, await other.json()]).toEqual([200, expect.objectContaining({ graphql: 'graphql' })]);
  });

  it('/docs has a policy with a new nonce for each answer; its assets are cached for a year', async () => {
    const [first, second] = await Promise.all([fetch(`${app.origin}/docs`), fetch(`${app.origin}/docs`)]);
    const policy = first.headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    const page = await first.text();
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(page).toContain(`<meta property="csp-nonce" nonce="${nonce}" />`);
    expect(Buffer.from(nonce, 'base64')).toHaveLength(16);
    expect(second.headers.get('content-security-policy')).not.toContain(nonce);
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    const script = /assets\/[\w-]+\.js/.exec(page)?.[0] ?? '';
    const asset = await fetch(`${app.origin}/docs/${script}`);
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect((await fetch(`${app.origin}/docs/assets/none.js`)).status).toBe(404);
  });

  it('HSTS is limited to this host', async () => {
    expect((await fetch(app.url)).headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});

describe('HTTP settings', () => {
  let app: TestApp | undefined;
  afterEach(() => app?.remove());

  it('503 with Retry-After when the key set is unavailable, and 429 when the address has used up its limit', async () => {
    app = await startApp({ AUTH_JWKS_URL: 'http://127.0.0.1:9/keys', RATE_LIMIT_ADDRESS_PER_MINUTE: '1' });
    const header = Buffer.from('{"alg":"RS256"}').toString('base64url');
    const options: RequestOptions = { token: `${header}.e30.c2ln` };
    const away = await graphql(app.url, '{ viewer { id } }', {}, options);
    expect([away.status, errorCodes(away), away.headers.get('retry-after')]).toEqual([
      503,
      ['SERVICE_UNAVAILABLE'],
      '5',
    ]);
    const limited = await graphql(app.url, '{ viewer { id } }', {}, options);
    expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true]);
  });

  it('HSTS_INCLUDE_SUBDOMAINS extends HSTS to subdomains', async () => {
    app = await startApp({ HSTS_INCLUDE_SUBDOMAINS: 'true' });
    const header = (await fetch(app.url)).headers.get('strict-transport-security');
    expect(header).toBe('max-age=31536000; includeSubDomains');
  });

  it('/ redirects a browser to the studio in production, where there is no /docs', async () => {
    app = await startApp({ NODE_ENV: 'production', HOST: 'localhost', ALLOW_EMBEDDED_DATABASE: 'true' });
    const response = await fetch(`${app.origin}/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, 'studio/']);
    for (const path of ['docs', 'docs/', 'docs/assets/any.js']) {
      expect((await fetch(`${app.origin}/${path}`, { headers: { accept: 'text/html' } })).status, path).toBe(404);
    }
  });

  it('KEEP_ALIVE_SECONDS keeps an idle connection open for longer than REQUEST_HEAD_SECONDS', async () => {
    app = await startApp({ KEEP_ALIVE_SECONDS: '3', REQUEST_HEAD_SECONDS: '1' });
    const { hostname, port } = new URL(app.origin);
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const answers = (): number => text.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0;
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitUntil(() => answers() === 1);
    expect(text).toContain('Keep-Alive: timeout=3\r\n');
    // Idle like a load balancer's connection between two requests.
    await delay(1_500);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitUntil(() => answers() === 2);
    await once(socket, 'close');
  });
});

describe('the time limit for a whole body', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await startApp({ JSON_BODY_SECONDS: '2', UPLOAD_SECONDS: '2', UPLOAD_STALL_SECONDS: '60' });
    token = await tokenFor('ada', 'instructor');
  });
  afterAll(() => app.remove());

  /** A body that never stalls and never ends. */
  const endless = (contentType: string, first: string): RawBody => ({
    contentType,
    size: 1_000_000,
    *chunks() {
      yield Buffer.from(first);
      for (;;) yield Buffer.from(' ');
    },
  });
  const form = '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n';

  it.concurrent.each([
    ['JSON without a token', endless('application/json', '{'), false, 'BAD_REQUEST'],
    ['JSON with a token', endless('application/json', '{'), true, 'BAD_REQUEST'],
    ['a form with a token', endless('multipart/form-data; boundary=x', form), true, 'UPLOAD_INCOMPLETE'],
  ])('ends %s that keeps arriving, with Content-Length and chunked', async (_what, body, signedIn, code) => {
    for (const framing of ['content-length', 'chunked'] as const) {
      const { response, milliseconds } = await rawRequest(app.url, {
        body,
        framing,
        token: signedIn ? token : undefined,
        beforeChunk: () => delay(50),
        timeoutMs: patience(20_000),
      });
      expect(response?.text).toContain(`"code":"${code}"`);
      expect(response?.text).toContain('did not arrive completely within 2 seconds');
      expect(milliseconds).toBeGreaterThan(1_900);
    }
  });
});
