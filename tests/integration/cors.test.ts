import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { hasChromium, startBrowser, type TestBrowser } from '../support/browser.js';
import { clientOf, createCourse, type CreatedCourse } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';

/** In the browser that runs the pages of these tests. */
declare const Image: new () => { naturalWidth: number; src: string; onload: () => void; onerror: () => void };

const OURS = 'https://app.example.org';
const OTHER = 'https://elsewhere.example.org';

type PlainInit = Omit<RequestInit, 'headers'> & { headers: Record<string, string> };

/** Resolves with the status, the CORS headers and Vary of an answer. */
async function corsOf(url: string, init: RequestInit): Promise<Record<string, string>> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const headers = Array.from(response.headers).filter(
    ([name]) => name.startsWith('access-control-') || name === 'vary',
  );
  return { status: String(response.status), ...Object.fromEntries(headers) };
}

function preflight(origin: string, method: string, headers: string): PlainInit {
  return {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  };
}

const listOf = (text: string | undefined): string[] => (text ?? '').toLowerCase().split(', ');

describe('CORS_ORIGINS', () => {
  let app: TestApp;
  let course: CreatedCourse;
  /** One URL of each kind that pages request. */
  let addresses: [name: string, url: string][];
  beforeAll(async () => {
    app = await startApp({ CORS_ORIGINS: `${OURS}, http://localhost:5173`, RATE_LIMIT_ADDRESS_PER_MINUTE: '1000' });
    const files = { thumbnail: fixtures.thumbnail };
    course = await createCourse(await clientOf(app, 'ada'), { title: 'Shown elsewhere' }, files);
    addresses = [
      ['/graphql', app.url],
      ['/files', course.thumbnailUrl!],
      ['a permalink', `${app.origin}/courses/${course.id}/thumbnail/file`],
    ];
  });
  afterAll(() => app.remove());

  it('allows pages of a listed origin to read answers, never with credentials', async () => {
    for (const [name, url] of addresses) {
      for (const origin of [OURS, 'http://localhost:5173']) {
        const cors = await corsOf(url, { headers: { origin, 'apollo-require-preflight': '1' } });
        expect([name, cors]).toEqual([name, expect.objectContaining({ 'access-control-allow-origin': origin })]);
        expect(cors).not.toHaveProperty('access-control-allow-credentials');
        expect(listOf(cors['vary'])).toContain('origin');
      }
    }
  });

  it('sends no CORS headers to pages of any other origin', async () => {
    for (const [, url] of addresses) {
      for (const origin of [OTHER, 'null', `${OURS}.evil.example`, OURS.toUpperCase(), `${OURS}:444`]) {
        const { status: _status, ...plain } = await corsOf(url, { headers: { origin } });
        expect(Object.keys(plain)).toEqual(['vary']);
        expect(await corsOf(url, preflight(origin, 'POST', 'authorization'))).toEqual({
          status: '204',
          vary: 'Origin',
        });
      }
    }
  });

  it('answers a preflight first, before the token is verified, and allows the headers that clients send', async () => {
    const headers = 'authorization,content-type,apollo-require-preflight,x-apollo-operation-name,x-request-id';
    for (const url of [app.url, `${app.origin}/courses/${course.id}/thumbnail/file`]) {
      const cors = await corsOf(url, {
        ...preflight(OURS, 'POST', headers),
        headers: { ...preflight(OURS, 'POST', headers).headers, authorization: 'Bearer wrong' },
      });
      expect(cors).toMatchObject({
        status: '204',
        'access-control-allow-origin': OURS,
        'access-control-max-age': '600',
      });
      expect(listOf(cors['access-control-allow-headers'])).toEqual(expect.arrayContaining(headers.split(',')));
      expect(listOf(cors['access-control-allow-methods'])).toEqual(['get', 'head', 'post']);
    }
    const file = await corsOf(course.thumbnailUrl!, preflight(OURS, 'GET', 'range, if-range'));
    expect(file).toMatchObject({ status: '204', 'access-control-allow-origin': OURS });
    expect(listOf(file['access-control-allow-headers'])).toEqual(['range', 'if-range']);
    expect(listOf(file['access-control-allow-methods'])).toEqual(['get', 'head', 'put']);
  });

  it('allows a page to send any header, as tracing libraries do, but never credentials', async () => {
    for (const [, url] of addresses) {
      const cors = await corsOf(url, preflight(OURS, 'GET', 'baggage, sentry-trace'));
      expect(listOf(cors['access-control-allow-headers'])).toEqual(['baggage', 'sentry-trace']);
      expect(cors).not.toHaveProperty('access-control-allow-credentials');
      expect(await corsOf(url, preflight(OTHER, 'GET', 'baggage'))).toEqual({ status: '204', vary: 'Origin' });
    }
  });

  it('exposes the headers of a file that players need', async () => {
    for (const [, url] of addresses.slice(1)) {
      const exposed = listOf((await corsOf(url, { headers: { origin: OURS } }))['access-control-expose-headers']);
      expect(exposed).toEqual(expect.arrayContaining(['etag', 'content-range', 'accept-ranges', 'content-length']));
    }
    const ranged = await corsOf(course.thumbnailUrl!, { headers: { origin: OURS, range: 'bytes=0-9' } });
    expect(ranged).toMatchObject({ status: '206', 'access-control-allow-origin': OURS });
  });

  it('allows a page to read refusals: of a token, a link, a limit', async () => {
    const token = await corsOf(app.url, { headers: { origin: OURS, authorization: 'Bearer wrong' } });
    expect(token).toMatchObject({ status: '401', 'access-control-allow-origin': OURS });
    expect(listOf(token['access-control-expose-headers'])).toEqual(
      expect.arrayContaining(['retry-after', 'x-request-id', 'www-authenticate']),
    );
    const link = await corsOf(`${course.thumbnailUrl!}x`, { headers: { origin: OURS } });
    expect(link).toMatchObject({ status: '403', 'access-control-allow-origin': OURS });
  });

  it('does not apply to health checks and metrics', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(await corsOf(`${app.origin}${path}`, { headers: { origin: OURS } })).toEqual({ status: '200' });
    }
  });
});

describe('CORS_ORIGINS when it is unset or *', () => {
  it('allows no other origin when it is unset', async () => {
    const app = await startApp({});
    for (const path of ['/graphql', '/files/images/a/b.png', '/media/video/1']) {
      for (const init of [{ headers: { origin: OURS } }, preflight(OURS, 'POST', 'authorization')]) {
        const { status: _status, ...cors } = await corsOf(`${app.origin}${path}`, init);
        expect(cors).toEqual({});
      }
    }
    await app.remove();
  });

  it('allows every origin when it is *, without Vary', async () => {
    const app = await startApp({ CORS_ORIGINS: '*' });
    const cors = await corsOf(app.url, preflight(OTHER, 'POST', 'authorization'));
    expect(cors).toMatchObject({ status: '204', 'access-control-allow-origin': '*' });
    expect(cors).not.toHaveProperty('vary');
    await app.remove();
  });
});

describe('Cross-Origin-Resource-Policy', () => {
  it('allows pages of other origins to show files and permalinks, and nothing else', async () => {
    const app = await startApp({});
    const policyOf = async (path: string): Promise<string | null> =>
      (await fetch(`${app.origin}${path}`)).headers.get('cross-origin-resource-policy');
    for (const path of ['/files/images/a/b.png', '/media/video/1', '/media/image/1', '/courses/1/thumbnail/file']) {
      expect([path, await policyOf(path)]).toEqual([path, 'cross-origin']);
    }
    for (const path of ['/graphql', '/healthz', '/nothing']) {
      expect([path, await policyOf(path)]).toEqual([path, 'same-origin']);
    }
    await app.remove();
  });
});

describe.skipIf(!hasChromium)('a page of another origin in a browser', () => {
  let browser: TestBrowser;
  let pages: Server;
  let pageOrigin: string;
  let app: TestApp | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
    pages = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>A page.'));
    await once(pages.listen(0, 'localhost'), 'listening');
    pageOrigin = `http://localhost:${(pages.address() as AddressInfo).port}`;
  });
  afterEach(() => app?.remove());
  afterAll(async () => {
    await browser.close();
    pages.close();
  });

  it.each([
    [true, 'reads answers and files'],
    [false, 'shows pictures, but reads nothing'],
  ])('(origin listed: %s) %s', async (listed) => {
    app = await startApp(listed ? { CORS_ORIGINS: pageOrigin } : {});
    const ada = await clientOf(app, 'ada');
    const course = await createCourse(ada, { title: 'Shown' }, { thumbnail: fixtures.thumbnail });
    const page = await browser.context.newPage();
    await page.goto(pageOrigin);
    const seen = await page.evaluate(
      async ({ url, token, file, permalink }) => {
        const uncached = { cache: 'no-store' } as RequestInit;
        const read = async (work: () => Promise<unknown>): Promise<unknown> => work().catch(() => 'kept from the page');
        const shown = (source: string): Promise<boolean> =>
          new Promise((resolve) => {
            const image = new Image();
            image.onload = () => resolve(image.naturalWidth > 0);
            image.onerror = () => resolve(false);
            image.src = source;
          });
        const headers = {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'x-request-id': 'page-1',
        };
        const body = JSON.stringify({ query: '{ viewer { id } }' });
        return {
          graphql: await read(async () => {
            const response = await fetch(url, { method: 'POST', headers, body });
            return [await response.json(), response.headers.get('x-request-id')];
          }),
          file: await read(async () => {
            const response = await fetch(file, { ...uncached, headers: { range: 'bytes=0-9' } });
            return [(await response.arrayBuffer()).byteLength, response.headers.get('content-range') !== null];
          }),
          permalink: await read(async () => (await fetch(permalink, uncached)).status),
          shown: await Promise.all([shown(file), shown(permalink)]),
        };
      },
      {
        url: app.url,
        token: ada.token!,
        file: course.thumbnailUrl!,
        permalink: `${app.origin}/courses/${course.id}/thumbnail/file`,
      },
    );
    const kept = 'kept from the page';
    expect(seen).toEqual({
      graphql: listed ? [{ data: { viewer: { id: 'ada' } } }, 'page-1'] : kept,
      file: listed ? [10, true] : kept,
      permalink: listed ? 200 : kept,
      shown: [true, true],
    });
    await page.close();
  });
});
