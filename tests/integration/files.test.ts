import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, type MockInstance, test, vi } from 'vitest';
import { generated, MIB, textOf } from '../contract/storage-bodies.js';
import { serveLocalStorage, type ServedLocalStorage } from '../contract/storage-local-server.js';

const KEY = 'videos/owner/lesson.mp4';
const TEXT = '0123456789';
const DISPOSITION = 'inline; filename="lesson.mp4"';

let served: ServedLocalStorage;
let url: string;

beforeAll(async () => {
  served = await serveLocalStorage();
  await store(KEY, Readable.from([Buffer.from(TEXT)]));
  url = await signedUrl(KEY);
});
afterAll(async () => {
  await served.tearDown();
});

describe('GET /files/{key}', () => {
  test('serves the file with the headers that browsers and caches need', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(TEXT);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': expect.stringMatching(/^private, max-age=(59|60)$/),
      'content-disposition': DISPOSITION,
      'content-length': '10',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'content-type': 'video/mp4',
      'cross-origin-resource-policy': 'cross-origin',
      etag: expect.stringMatching(/^"[\w-]{27}"$/),
      'last-modified': (await served.storage.stat(KEY))!.modifiedAt.toUTCString(),
      'x-content-type-options': 'nosniff',
    });
  });

  test('answers HEAD with the headers of GET and no body', async () => {
    const [get, head] = [await fetch(url), await fetch(url, { method: 'HEAD' })];
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    for (const name of [
      'content-length',
      'content-type',
      'content-disposition',
      'etag',
      'last-modified',
      'accept-ranges',
    ]) {
      expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    }
    expect((await fetch(url, { method: 'HEAD', headers: { Range: 'bytes=0-1' } })).status).toBe(200);
  });

  test.each([
    ['bytes=0-0', '0', '0-0'],
    ['bytes=2-5', '2345', '2-5'],
    ['bytes=7-', '789', '7-9'],
    ['bytes=-3', '789', '7-9'],
    ['bytes=7-99', '789', '7-9'],
    ['bytes=-99', TEXT, '0-9'],
    ['bytes=0-', TEXT, '0-9'],
  ])('serves Range %s', async (range, text, contentRange) => {
    const response = await fetch(url, { headers: { Range: range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${contentRange}/10`);
    expect(response.headers.get('content-length')).toBe(String(text.length));
    expect(await response.text()).toBe(text);
  });

  test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])(
    'answers 416 to Range %s, which is outside the file',
    async (range) => {
      const response = await fetch(url, { headers: { Range: range } });
      expect(response.status).toBe(416);
      expect(response.headers.get('content-range')).toBe('bytes */10');
      expect(response.headers.get('cache-control')).toBe('no-store');
      for (const name of ['etag', 'content-disposition', 'accept-ranges'])
        expect(response.headers.get(name)).toBeNull();
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    },
  );

  test.each([
    'bytes=0-1,3-4',
    'bytes=0-1,99-',
    'bytes=a-b',
    'bytes=',
    'bytes',
    'lines=0-1',
    '0-1',
    'bytes=-',
    'bytes=--1',
  ])('ignores Range %s and serves the whole file', async (range) => {
    const response = await fetch(url, { headers: { Range: range } });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(TEXT);
  });

  test('serves a range only when If-Range names the file', async () => {
    const { headers } = await fetch(url);
    const conditions = [headers.get('etag')!, headers.get('last-modified')!];
    for (const condition of conditions) {
      const response = await fetch(url, { headers: { Range: 'bytes=2-5', 'If-Range': condition } });
      expect(await response.text()).toBe('2345');
    }
    for (const condition of [`W/${conditions[0]!}`, '"another"', 'Thu, 01 Jan 1970 00:00:00 GMT', 'nonsense']) {
      const response = await fetch(url, { headers: { Range: 'bytes=2-5', 'If-Range': condition } });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(TEXT);
    }
  });

  test('answers 304 to a cache that has the file, and 200 to one that has another', async () => {
    const { headers } = await fetch(url);
    const etag = headers.get('etag')!;
    for (const known of [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"other", W/${etag}` },
      { 'If-None-Match': '*' },
    ]) {
      const { status, body, headers: answered } = await raw('GET', pathOf(url), known);
      expect([status, body]).toEqual([304, '']);
      expect(answered).toMatchObject({ etag, 'cache-control': expect.stringMatching(/^private/) });
    }
    const modified = await raw('GET', pathOf(url), { 'If-Modified-Since': headers.get('last-modified')! });
    expect(modified.status).toBe(304);
    expect((await raw('GET', pathOf(url), { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  test('has the same ETag for every URL of a key, and another for another key', async () => {
    await store('videos/owner/other.mp4', generated(10));
    const etag = async (link: string): Promise<string | null> => (await fetch(link)).headers.get('etag');
    expect(await etag(await signedUrl(KEY, 5_000))).toBe(await etag(url));
    expect(await etag(await signedUrl('videos/owner/other.mp4'))).not.toBe(await etag(url));
  });
});

describe('the headers of a file', () => {
  const served = async (contentType: string, disposition: string): Promise<(string | null)[]> => {
    const { headers } = await fetch(await signedUrl(KEY, 60_000, { contentType, disposition }));
    return [headers.get('content-type'), headers.get('content-disposition'), headers.get('x-content-type-options')];
  };
  const inline = 'inline; filename="a"; filename*=UTF-8\'\'a';
  const attachment = inline.replace('inline', 'attachment');

  test.each([
    'image/png',
    'image/jpeg',
    'image/webp',
    'image/avif',
    'image/gif',
    'video/mp4',
    'video/webm',
    'text/vtt',
  ])('have the signed type and disposition: %s', async (type) => {
    expect(await served(type, inline)).toEqual([type, inline, 'nosniff']);
    expect(await served(type, attachment)).toEqual([type, attachment, 'nosniff']);
  });

  test.each(['text/html', 'image/svg+xml', 'application/pdf', 'text/plain', 'application/zip', 'text/javascript', ''])(
    'have the disposition attachment, whatever was signed: %s',
    async (type) => {
      expect(await served(type, inline)).toEqual([type, attachment, 'nosniff']);
      expect(await served(type, 'inline')).toEqual([type, 'attachment', 'nosniff']);
      expect(await served(type, '')).toEqual([type, 'attachment', 'nosniff']);
    },
  );

  test('include nosniff and a policy without scripts in every answer', async () => {
    const etag = (await fetch(url)).headers.get('etag')!;
    const gone = await signedUrl('videos/owner/gone.mp4');
    const answers: [number, IncomingHttpHeaders][] = [];
    for (const [method, path, headers] of [
      ['GET', pathOf(url), {}],
      ['HEAD', pathOf(url), {}],
      ['GET', pathOf(url), { Range: 'bytes=0-1' }],
      ['GET', pathOf(url), { 'If-None-Match': etag }],
      ['GET', pathOf(url), { Range: 'bytes=99-' }],
      ['GET', '/files/%', {}],
      ['GET', `/files/${KEY}`, {}],
      ['HEAD', `/files/${KEY}`, {}],
      ['GET', pathOf(gone), {}],
      ['POST', pathOf(url), {}],
      ['GET', '/files', {}],
    ] as const) {
      const answer = await raw(method, path, headers);
      answers.push([answer.status, answer.headers]);
    }
    expect(answers.map(([status]) => status)).toEqual([200, 200, 206, 304, 416, 400, 403, 403, 404, 405, 403]);
    for (const [, headers] of answers) {
      expect(headers['x-content-type-options']).toBe('nosniff');
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain('sandbox allow-same-origin');
      expect(policy.join()).not.toMatch(/script-src|allow-scripts|allow-forms|object-src/);
    }
  });
});

describe('/files', () => {
  const refusal = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const { status, body, headers } = await raw(method, path);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['cache-control']).toBe('no-store');
    for (const name of ['etag', 'last-modified', 'content-disposition']) expect(headers[name]).toBeUndefined();
    return [status, JSON.parse(body).errors[0].extensions.code];
  };

  test('refuses a URL without a token, with a forged one and with an expired one in the same words', async () => {
    const expired = await signedUrl(KEY, -1);
    const forged = new URL(url);
    forged.searchParams.set('disposition', 'attachment');
    for (const link of [served.storage.canonicalUrl(KEY), forged.href, expired]) {
      expect(await refusal(pathOf(link))).toEqual([403, 'FORBIDDEN']);
    }
    const bodies = await Promise.all([forged.href, expired].map(async (link) => (await fetch(link)).text()));
    expect(bodies[0]).toBe(bodies[1]);
  });

  test('answers 404 to a valid URL of a deleted file', async () => {
    expect(await refusal(pathOf(await signedUrl('videos/owner/gone.mp4')))).toEqual([404, 'NOT_FOUND']);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'refuses %s, and lists the allowed methods',
    async (method) => {
      expect(await refusal(pathOf(url), method)).toEqual([405, 'BAD_REQUEST']);
      expect((await raw(method, pathOf(url))).headers.allow).toBe('GET, HEAD');
    },
  );

  const query = (): string => url.slice(url.indexOf('?'));
  test.each([
    '',
    '/',
    '/../../etc/passwd',
    '/videos/owner/../owner/lesson.mp4',
    '/videos/owner/..%2fowner%2flesson.mp4',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%252e%252e%252fetc/b/passwd',
    '/..\\..\\etc\\passwd',
    '/videos\\owner\\lesson.mp4',
    '/videos%5cowner%5clesson.mp4',
    '/videos/owner/lesson.mp4%00.png',
    '/videos/owner/%00',
    '//videos/owner/lesson.mp4',
    '/videos//owner/lesson.mp4',
    '/videos/owner/lesson.mp4/',
    '/./videos/owner/lesson.mp4',
    '/videos/owner/.unfinished-0000000000000000-1-00000000-0000-0000-0000-000000000000',
    '/%c0%ae%c0%ae/b/c',
    `/${'a/'.repeat(2000)}`,
    '/;/;/;',
  ])('refuses the path %s', async (path) => {
    expect(await refusal(`/files${path}${query()}`)).toEqual(
      path.includes('%c0') ? [400, 'BAD_REQUEST'] : [403, 'FORBIDDEN'],
    );
  });

  test.each(['/%', '/%zz/b/c', '/a/b/%e0%a4%a'])('refuses the malformed path %s', async (path) => {
    expect(await refusal(`/files${path}${query()}`)).toEqual([400, 'BAD_REQUEST']);
  });

  test.each([
    '?',
    '?expires',
    '?expires=&signature=',
    '?%',
    '?expires=1&expires=2',
    `?signature=${'%ff'.repeat(2000)}`,
  ])('refuses the query %s', async (hostile) => {
    expect(await refusal(`/files/${KEY}${hostile}`)).toEqual([403, 'FORBIDDEN']);
  });

  test('serves a key with more characters encoded than necessary', async () => {
    const spelt = `/files/${KEY.replace('/', '%2F').replace('l', '%6c')}${query()}`;
    expect((await raw('GET', spelt)).body).toBe(TEXT);
  });
});

describe('a client that disconnects from /files', () => {
  test('leaves no file open and no line in the log', async () => {
    const key = 'videos/owner/large.mp4';
    await store(key, generated(64 * MIB));
    const link = await signedUrl(key);
    const opening = vi.spyOn(served.storage, 'open');
    for (let index = 0; index < 10; index++) {
      const request = http.get(link).on('error', () => undefined);
      const response = await responseTo(request);
      response.on('error', () => undefined);
      await once(response, 'readable');
      request.destroy();
    }
    expect(await untilAllAreClosed(opening)).toBe(10);
    expect(served.logged).toEqual([]);
    opening.mockRestore();
  });

  test('before the answer begins is not logged either', async () => {
    const link = await signedUrl('videos/owner/large.mp4');
    const opening = vi.spyOn(served.storage, 'open');
    for (let index = 0; index < 10; index++) {
      const request = http.get(link).on('error', () => undefined);
      await once(request, 'socket');
      request.destroy();
    }
    expect((await fetch(url)).status).toBe(200);
    await untilAllAreClosed(opening);
    expect(served.logged).toEqual([]);
    opening.mockRestore();
  });
});

async function store(key: string, body: Readable): Promise<void> {
  const signal = new AbortController().signal;
  await served.storage.put(key, body, { contentType: 'video/mp4', maxBytes: 100 * MIB, signal });
}

async function signedUrl(
  key: string,
  lifetimeMs = 60_000,
  file = { disposition: DISPOSITION, contentType: 'video/mp4' },
): Promise<string> {
  const expiresAt = new Date(Date.now() + lifetimeMs);
  const options = { signedAt: new Date(), expiresAt, ...file };
  return served.storage.signGet(key, options).url;
}

function pathOf(link: string): string {
  return link.slice(served.origin.length);
}

/** Sends a path unchanged: fetch and URL would normalise it. */
async function raw(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const { hostname, port } = new URL(served.origin);
  const request = http.request({ hostname, port, method, path, headers }).end();
  const response = await responseTo(request);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

async function responseTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
}

/** Waits until every file that was opened is closed. Resolves with their number. */
async function untilAllAreClosed(opening: MockInstance<(key: string) => Promise<Readable>>): Promise<number> {
  const opened = (await Promise.allSettled(opening.mock.results.map(({ value }) => value as Promise<Readable>)))
    .filter((result) => result.status === 'fulfilled')
    .map((result) => result.value);
  for (const file of opened) if (!file.closed) await new Promise((resolve) => file.once('close', resolve));
  return opened.length;
}
