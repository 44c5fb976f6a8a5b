import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { fixtures } from '../support/fixtures.js';
import { UploadImageDocument, ViewerDocument } from '../support/gql/graphql.js';
import { errorCodes, graphql, readResponse, type RequestOptions } from '../support/graphql-client.js';
import { fieldPart, graphqlParts, multipartBody, rawRequest } from '../support/multipart.js';
import { tracesOf } from '../support/traces.js';

const running: TestApp[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.remove();
});

async function start(environment: Environment): Promise<TestApp> {
  const app = await startApp(environment);
  running.push(app);
  return app;
}

const ask = (app: TestApp, options: RequestOptions = {}) => graphql(app.url, ViewerDocument, {}, options);
const from = (...addresses: string[]): RequestOptions => ({ headers: { 'x-forwarded-for': addresses.join(', ') } });

/** The statuses of `count` requests, sent one after the other. */
async function statuses(count: number, send: () => Promise<{ status: number }>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await send()).status);
  return all;
}

describe('the limit for each address', () => {
  it('refuses requests above it with RATE_LIMITED and Retry-After', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '3' });
    expect(await statuses(3, () => ask(app))).toEqual([200, 200, 200]);
    const refused = await ask(app);
    expect([refused.status, errorCodes(refused)]).toEqual([429, ['RATE_LIMITED']]);
    expect(refused.body.errors?.[0]?.extensions).toMatchObject({ retryable: true });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await fetch(`${app.origin}/media/video/1`, { redirect: 'manual' })).status).toBe(429);
  });

  it('counts requests with invalid tokens, so that guessing is limited', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '3' });
    expect(await statuses(5, () => ask(app, { token: 'guessed' }))).toEqual([401, 401, 401, 429, 429]);
  });

  it('does not apply to valid tokens, and does not count them', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '3' });
    const token = await tokenFor('ada', 'student');
    expect(new Set(await statuses(5, () => ask(app, { token })))).toEqual(new Set([200]));
    expect(await statuses(4, () => ask(app))).toEqual([200, 200, 200, 429]);
    expect(await statuses(2, () => ask(app, { token }))).toEqual([200, 200]);
    expect(await statuses(1, () => ask(app))).toEqual([429]);
    // Concurrently with anonymous requests above the limit.
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(app, i % 2 ? { token } : {})));
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, i) => (i % 2 ? 200 : 429)));
  });

  it('does not apply to signed-in viewers, health checks, metrics and files', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '2' });
    const token = await tokenFor('ada', 'student');
    expect(new Set(await statuses(10, () => ask(app, { token })))).toEqual(new Set([200]));
    expect(await statuses(3, () => ask(app))).toEqual([200, 200, 429]);
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(new Set(await statuses(5, () => fetch(`${app.origin}${path}`)))).toEqual(new Set([200]));
    }
    expect(await statuses(2, () => fetch(`${app.origin}/files/images/a/b.png`))).toEqual([403, 403]);
  });

  it('refuses an upload before its body is read, and stores nothing', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '1' });
    await ask(app);
    const before = await tracesOf(app);
    const parts = graphqlParts({
      document: UploadImageDocument,
      variables: { file: null },
      files: { file: fixtures.png },
    });
    const body = multipartBody([...parts, fieldPart('rest', 'x'.repeat(20 * 1024 ** 2))]);
    const outcome = await rawRequest(app.url, { body, token: 'guessed' });
    expect(outcome.response?.status).toBe(429);
    expect(outcome.bytesSent).toBeLessThan(body.size);
    expect(await tracesOf(app)).toEqual(before);
  });
});

describe('the limit for each viewer', () => {
  it('counts the requests of each viewer with any token', async () => {
    const app = await start({ RATE_LIMIT_VIEWER_PER_MINUTE: '2' });
    const ada = async () => ask(app, { token: await tokenFor('ada', 'student') });
    expect(await statuses(3, ada)).toEqual([200, 200, 429]);
    const refused = await ada();
    expect([errorCodes(refused), refused.headers.has('retry-after')]).toEqual([['RATE_LIMITED'], true]);
    expect((await ask(app, { token: await tokenFor('ada', 'admin', 500) })).status).toBe(429);
    expect((await ask(app, { token: await tokenFor('grace', 'student') })).status).toBe(200);
    expect(new Set(await statuses(5, () => ask(app)))).toEqual(new Set([200]));
  });
});

describe('X-Forwarded-For', () => {
  it('is ignored without TRUST_PROXY', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '2' });
    expect(await statuses(1, () => ask(app, from('192.0.2.1')))).toEqual([200]);
    expect(await statuses(2, () => ask(app, from('192.0.2.2')))).toEqual([200, 429]);
  });

  it.each(['1', 'loopback'])(
    "gives the client's address with TRUST_PROXY=%s, and ignores addresses before the trusted ones",
    async (trusted) => {
      const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '2', TRUST_PROXY: trusted });
      expect(await statuses(3, () => ask(app, from('192.0.2.1')))).toEqual([200, 200, 429]);
      expect((await ask(app, from('192.0.2.2'))).status).toBe(200);
      // An address that the client itself puts first changes nothing.
      expect((await ask(app, from('198.51.100.9', '192.0.2.1'))).status).toBe(429);
      expect((await ask(app, from('2001:db8::1'))).status).toBe(200);
      expect(await statuses(2, () => ask(app, from('2001:db8::2')))).toEqual([200, 429]);
    },
  );

  it('without an address counts for the sender of the request', async () => {
    const app = await start({ RATE_LIMIT_ADDRESS_PER_MINUTE: '2', TRUST_PROXY: '1' });
    expect(await statuses(3, () => ask(app, from(`no address ${Math.random()}`)))).toEqual([200, 200, 429]);
  });
});

it('requests are not limited outside production, and by the default limits in production', async () => {
  const aVideo = async ({ origin }: TestApp) => readResponse(await fetch(`${origin}/media/video/1`));
  const app = await start({});
  expect(new Set(await statuses(301, () => aVideo(app)))).toEqual(new Set([404]));
  await app.stop();
  const production = await start({ NODE_ENV: 'production', HOST: 'localhost', ALLOW_EMBEDDED_DATABASE: 'true' });
  const all = await statuses(301, () => aVideo(production));
  expect([all.indexOf(429), all[299]]).toEqual([300, 404]);
});
