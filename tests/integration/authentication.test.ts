import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, TEST_SECRET, tokenFor, type TestApp } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CreateCourseDocument, ViewerDocument } from '../support/gql/graphql.js';
import { dataOf, graphql, readResponse } from '../support/graphql-client.js';
import { uploadRequest } from '../support/multipart.js';
import { tracesOf } from '../support/traces.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.remove());

const now = (): number => Math.floor(Date.now() / 1000);

function signed(claims: Record<string, unknown>, secret = TEST_SECRET, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const good = { sub: 'ada', role: 'instructor' };

describe('the viewer', () => {
  it('is null without a token', async () => {
    const answer = await graphql(app.url, ViewerDocument, {});
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ data: { viewer: null } });
  });

  it.each(['admin', 'instructor', 'student'] as const)('has the id and role of the token: %s', async (role) => {
    const client = await clientOf(app, 'ada', role);
    expect(dataOf(await client.send(ViewerDocument, {})).viewer).toEqual({ id: 'ada', role: role.toUpperCase() });
  });

  it('is not read from a token in the query string', async () => {
    const token = await tokenFor('ada', 'admin');
    for (const name of ['token', 'access_token', 'authorization', 'Authorization']) {
      const answer = await graphql(`${app.url}?${name}=${encodeURIComponent(token)}`, ViewerDocument, {});
      expect(dataOf(answer).viewer).toBeNull();
    }
  });

  it('is accepted up to 5 seconds after the token has expired', async () => {
    const token = await signed({ ...good, exp: now() - 2 });
    expect(dataOf(await graphql(app.url, ViewerDocument, {}, { token })).viewer).toMatchObject({ id: 'ada' });
  });
});

const HEADERS: [string, () => Promise<string>][] = [
  ['no scheme', () => tokenFor('ada', 'instructor')],
  ['another scheme', async () => `Basic ${Buffer.from('ada:secret').toString('base64')}`],
  ['no token', async () => 'Bearer '],
  ['text that is not a JWT', async () => 'Bearer nonsense'],
  ['two tokens', async () => `Bearer ${await tokenFor('ada', 'admin')}, Bearer ${await tokenFor('ada', 'admin')}`],
  [
    'a token signed with another secret',
    async () => `Bearer ${await signed({ ...good, exp: now() + 600 }, 'x'.repeat(40))}`,
  ],
  [
    'a token signed with another secret and algorithm',
    async () => `Bearer ${await signed({ ...good, exp: now() + 600 }, 'x'.repeat(64), 'HS512')}`,
  ],
  [
    'a token signed with the right secret and another algorithm',
    async () => `Bearer ${await signed({ ...good, exp: now() + 600 }, TEST_SECRET, 'HS512')}`,
  ],
  [
    'a token with alg none and no signature',
    async () => `Bearer ${base64url({ alg: 'none' })}.${base64url({ ...good, exp: now() + 600 })}.`,
  ],
  [
    'a token with a changed payload',
    async () => {
      const [head, , signature] = (await tokenFor('ada', 'student')).split('.');
      return `Bearer ${head!}.${base64url({ sub: 'ada', role: 'admin', exp: now() + 600 })}.${signature!}`;
    },
  ],
  ['an expired token', async () => `Bearer ${await signed({ ...good, exp: now() - 60 })}`],
  [
    'a token that is not valid yet',
    async () => `Bearer ${await signed({ ...good, exp: now() + 600, nbf: now() + 60 })}`,
  ],
  ['a token without exp', async () => `Bearer ${await signed(good)}`],
  ['a token without sub', async () => `Bearer ${await signed({ role: 'admin', exp: now() + 600 })}`],
  ['a token with a blank sub', async () => `Bearer ${await signed({ sub: ' ', role: 'admin', exp: now() + 600 })}`],
  ['a token without a role', async () => `Bearer ${await signed({ sub: 'ada', exp: now() + 600 })}`],
  [
    'a token with an unknown role',
    async () => `Bearer ${await signed({ sub: 'ada', role: 'teacher', exp: now() + 600 })}`,
  ],
  [
    'a token whose role is an object',
    async () => `Bearer ${await signed({ sub: 'ada', role: { admin: true }, exp: now() + 600 })}`,
  ],
];

describe('an Authorization header without a valid token', () => {
  it.each(HEADERS)('refuses the whole request: %s', async (_what, header) => {
    const authorization = await header();
    const refused = {
      status: 401,
      body: { errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED', retryable: false } }] },
    };
    const headers = { authorization };
    expect(await graphql(app.url, '{ courses { totalCount } }', {}, { headers })).toMatchObject(refused);

    const get = `${app.url}?query=${encodeURIComponent('{ courses { totalCount } }')}`;
    const byGet = await readResponse(await fetch(get, { headers: { ...headers, 'apollo-require-preflight': '1' } }));
    expect(byGet).toMatchObject(refused);
    expect(byGet.body).not.toHaveProperty('data');

    const before = await tracesOf(app);
    const variables = { input: { title: 'Not signed in' } };
    const files = { thumbnail: fixtures.thumbnail };
    const upload = await uploadRequest(app.url, { document: CreateCourseDocument, variables, files, headers });
    expect(upload).toMatchObject(refused);
    expect(await tracesOf(app)).toEqual(before);
  });

  it('is not repeated in the answer', async () => {
    const token = await signed({ ...good, exp: now() - 60 });
    const { body } = await graphql(app.url, ViewerDocument, {}, { token });
    for (const piece of token.split('.')) expect(JSON.stringify(body)).not.toContain(piece);
  });
});
