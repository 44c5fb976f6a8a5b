import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_SECRET, tokenFor } from '../support/app.js';
import { fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, ViewerDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { waitUntil } from '../support/patience.js';
import { productionAddress } from '../support/free-port.js';
import { startServer, type ServerProcess } from '../support/server.js';

const UUID = /^[0-9a-f-]{36}$/;

let dataDir: string;
let server: ServerProcess;
let origin: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lectern-log-'));
  const environment = {
    NODE_ENV: 'production',
    ALLOW_EMBEDDED_DATABASE: 'true',
    ...(await productionAddress()),
    DATA_DIR: dataDir,
    AUTH_JWT_SECRET: TEST_SECRET,
    METRICS_TOKEN: 'a token for the scraper alone, 32 bytes',
    LOG_LEVEL: 'trace',
  };
  server = await startServer(environment, dataDir);
  origin = server.url.replace('/graphql', '');
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly [field: string]: unknown;
}

function lines(): Line[] {
  return server
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The log lines of a request, once the request has ended. */
async function linesOf(requestId: string): Promise<Line[]> {
  const mine = (): Line[] => lines().filter((line) => line.requestId === requestId);
  await waitUntil(() => mine().some(({ msg }) => msg === 'request'));
  return mine();
}

type PlainInit = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** Answers of every kind. */
const ANSWERS: [name: string, path: string, init: PlainInit, status: number][] = [
  ['health', '/healthz', {}, 200],
  ['readiness', '/readyz', {}, 200],
  ['metrics without a token', '/metrics', {}, 404],
  ['a file URL with a wrong signature', '/files/images/a/b.png?signature=x', {}, 403],
  ['another method on a file URL', '/files/images/a/b.png', { method: 'DELETE' }, 405],
  ['a malformed file URL', '/files/%E0%A4%A', {}, 400],
  ['a permalink', '/media/video/1', {}, 404],
  ['an invalid token', '/graphql', { method: 'POST', headers: { authorization: 'Bearer x' } }, 401],
  ['an invalid body', '/graphql', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }, 400],
  [
    'a preflight',
    '/graphql',
    { method: 'OPTIONS', headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' } },
    204,
  ],
  ['no operation', '/graphql', {}, 400],
  ['an unknown path', '/nothing', {}, 404],
];

describe('X-Request-Id', () => {
  it.each(ANSWERS)('is returned with the answer to %s, and logged', async (name, path, init, status) => {
    const id = `given-${name.replaceAll(' ', '.')}`;
    const response = await fetch(`${origin}${path}`, { ...init, headers: { ...init.headers, 'x-request-id': id } });
    expect([response.status, response.headers.get('x-request-id')]).toEqual([status, id]);
    const [line] = (await linesOf(id)).filter(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      method: init.method ?? 'GET',
      path: path.split('?')[0],
      status,
      ms: expect.any(Number),
    });
    expect(line?.outcome).toBe(status >= 400 ? 'refused' : 'served');
    expect(line?.level).toBe(['/healthz', '/readyz', '/metrics'].includes(path) ? 20 : 30);
  });

  it.each(['x'.repeat(128), 'a-b_c.D9'])('is used as given: %s', async (id) => {
    const response = await fetch(`${origin}/healthz`, { headers: { 'x-request-id': id } });
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  it.each(['', 'x'.repeat(129), 'with space', 'semi;colon', '{"a":1}', 'ümlaut', '<b>'])(
    'is replaced when it is invalid: %s',
    async (id) => {
      const response = await fetch(`${origin}/healthz`, { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toMatch(UUID);
    },
  );

  it('is different for each request without one', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(`${origin}/healthz`)).headers.get('x-request-id')),
    );
    expect(new Set(ids).size).toBe(20);
  });
});

describe('the log in production', () => {
  it('is JSON with the request id in each line about a request', async () => {
    const token = await tokenFor('ada', 'instructor');
    const headers = { 'x-request-id': 'an-upload' };
    const variables = { input: { title: 'Logged' } };
    const files = { thumbnail: fixtures.thumbnail };
    dataOf(await uploadRequest(server.url, { document: CreateCourseDocument, variables, files, token, headers }));
    const mine = await linesOf('an-upload');
    const steps = mine.filter(({ msg }) => msg === 'step begins').map(({ step }) => step);
    expect(steps).toEqual(expect.arrayContaining(['journal', 'store', 'publish', 'finish']));
    // Every line about the upload has a request id.
    expect(lines().filter((line) => 'step' in line && line.requestId === undefined)).toEqual([]);
  });

  it('names the viewer, the operation and the error codes of each request', async () => {
    const token = await tokenFor('ada', 'instructor');
    const send = async (
      id: string,
      query: string,
      more: Readonly<Record<string, string>> = { token },
    ): Promise<Line> => {
      await graphql(server.url, query, {}, { ...more, headers: { 'x-request-id': id } });
      return (await linesOf(id)).find(({ msg }) => msg === 'request')!;
    };
    expect(await send('asks-1', 'query Who { viewer { id } }')).toMatchObject({
      viewer: 'ada',
      kind: 'query',
      operation: 'Who',
      outcome: 'served',
    });
    expect(await send('asks-2', '{ viewer { id } }')).not.toHaveProperty('operation');
    expect(await send('asks-3', '{ viewer { id } }', {})).not.toHaveProperty('viewer');
    expect(await send('asks-4', '{ nothing }')).toMatchObject({ errors: ['GRAPHQL_VALIDATION_FAILED'] });
    const twice = 'mutation Both { a: deleteCourse(id: "x") b: deleteCourse(id: "x") }';
    expect((await send('asks-5', twice)).errors).toHaveLength(1);
    expect(await send('asks-6', '{ viewer { id } }', { token: 'wrong' })).toMatchObject({
      errors: ['UNAUTHENTICATED'],
    });
    const long = await send('asks-7', `query ${'N'.repeat(5_000)} { viewer { id } }`);
    expect(long['operation']).toBe('N'.repeat(100));
  });

  it('names the slot that refused a file, and the reason', async () => {
    const token = await tokenFor('ada', 'instructor');
    const headers = { 'x-request-id': 'refused-file' };
    const variables = { input: { title: 'Refused' } };
    const files = { thumbnail: fixtures.intro };
    await uploadRequest(server.url, { document: CreateCourseDocument, variables, files, token, headers });
    const line = (await linesOf('refused-file')).find(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      viewer: 'ada',
      kind: 'mutation',
      errors: ['UNSUPPORTED_MEDIA_TYPE'],
      failedUploads: [
        { slot: 'COURSE_THUMBNAIL', outcome: 'refused', reason: expect.stringMatching(/^UNSUPPORTED_MEDIA_TYPE: /) },
      ],
    });
  });

  it('contains no token, no signature and no query string', async () => {
    const token = await tokenFor('ada', 'instructor');
    const variables = { input: { title: 'Secret', status: 'PUBLISHED' as const } };
    const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
    const created = await uploadRequest(server.url, { document: CreateCourseDocument, variables, files, token });
    const { thumbnailUrl, introVideoUrl } = dataOf(created).createCourse;
    const local = (url: string): string => url.replace(/^https?:\/\/[^/]+/, origin);
    expect((await fetch(local(thumbnailUrl!))).status).toBe(200);
    expect((await fetch(local(introVideoUrl!), { headers: { range: 'bytes=0-9' } })).status).toBe(206);
    expect((await fetch(`${local(thumbnailUrl!)}0`)).status).toBe(403);
    const expired = await tokenFor('ada', 'instructor', -60);
    expect((await graphql(server.url, ViewerDocument, {}, { token: expired })).status).toBe(401);
    const scraper = { authorization: 'Bearer a token for the scraper alone, 32 bytes', 'x-request-id': 'the-last-one' };
    await fetch(`${origin}/metrics`, { headers: scraper });
    await linesOf('the-last-one');

    const log = server.stdout();
    expect(log).toContain(new URL(thumbnailUrl!).pathname);
    const secrets = [token, expired, ...[token, expired].flatMap((jwt) => jwt.split('.').slice(1))];
    for (const url of [thumbnailUrl!, introVideoUrl!]) {
      const { search, searchParams } = new URL(url);
      secrets.push(search, searchParams.get('signature')!, encodeURIComponent(searchParams.get('signature')!));
    }
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    expect(log).not.toMatch(/signature=|Bearer|scraper alone/);
  });
});
