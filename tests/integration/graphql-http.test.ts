import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { UploadImageDocument, ViewerDocument } from '../support/gql/graphql.js';
import { errorCodes, graphql, readResponse } from '../support/graphql-client.js';
import { fieldPart, graphqlParts, multipartBody, rawRequest, uploadRequest } from '../support/multipart.js';
import { tracesOf } from '../support/traces.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };
const INTROSPECTION = '{ __schema { queryType { name } } }';
const QUERY = encodeURIComponent('{ viewer { id } }');

describe('GraphQL over HTTP, outside production', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.remove());

  async function post(body: string, headers: Record<string, string>) {
    return readResponse(await fetch(app.url, { method: 'POST', body, headers }));
  }

  it('refuses requests that another web site can make a browser send', async () => {
    const query = JSON.stringify({ query: '{ viewer { id } }' });
    const refused = { status: 400, body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] } };
    expect(await readResponse(await fetch(`${app.url}?query=${QUERY}`))).toMatchObject(refused);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expect(await post(query, { 'content-type': type })).toMatchObject(refused);
      expect(await post(query, { 'content-type': type, 'apollo-require-preflight': '' })).toMatchObject(refused);
    }
  });

  it('refuses a form without the CSRF header, before it checks the token or the body', async () => {
    const before = await tracesOf(app);
    const { token } = await clientOf(app, 'ada');
    for (const sender of [token, undefined]) {
      const answer = await uploadRequest(app.url, {
        document: UploadImageDocument,
        variables: { file: null },
        files: { file: fixtures.png },
        token: sender,
        headers: { 'apollo-require-preflight': '' },
      });
      expect([answer.status, errorCodes(answer)]).toEqual([400, ['BAD_REQUEST']]);
      expect(answer.body.data ?? null).toBeNull();
    }
    expect(await tracesOf(app)).toEqual(before);
  });

  it.each(['apollo-require-preflight', 'x-apollo-operation-name'])(
    'accepts GET and a form with the header %s',
    async (name) => {
      const headers = { [name]: 'yes' };
      const get = await readResponse(await fetch(`${app.url}?query=${QUERY}`, { headers }));
      expect([get.status, get.body]).toEqual([200, { data: { viewer: null } }]);
      const parts = graphqlParts({
        document: UploadImageDocument,
        variables: { file: null },
        files: { file: fixtures.png },
      });
      const request = { body: multipartBody(parts), token: await tokenFor('ada', 'instructor') };
      const outcome = await rawRequest(app.url, {
        ...request,
        headers: { 'apollo-require-preflight': '', ...headers },
      });
      expect(outcome.response).toMatchObject({ status: 200 });
      expect(JSON.parse(outcome.response!.text)).toMatchObject({ data: { uploadImage: { uploaderId: 'ada' } } });
    },
  );

  it('answers 405 to a mutation by GET', async () => {
    const before = await tracesOf(app);
    const mutation = encodeURIComponent('mutation { createCourse(input: { title: "x" }) { id } }');
    const headers = { 'apollo-require-preflight': '1', authorization: `Bearer ${await tokenFor('ada', 'admin')}` };
    const answer = await fetch(`${app.url}?query=${mutation}`, { headers });
    expect(answer.status).toBe(405);
    expect(await tracesOf(app)).toEqual(before);
  });

  it.each([
    ['invalid JSON', '{', 400, 'BAD_REQUEST'],
    ['no query', '{}', 400, 'BAD_REQUEST'],
    ['a list of operations', '[{"query":"{ viewer { id } }"}]', 400, 'BAD_REQUEST'],
    ['a syntax error', '{"query":"{ viewer "}', 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{"query":"{ secrets }"}', 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown operation name', '{"query":"query A { viewer { id } }","operationName":"B"}', 400, 'BAD_REQUEST'],
    ['a subscription', '{"query":"subscription { courses { totalCount } }"}', 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing variable', '{"query":"query A($id: ID!) { course(id: $id) { id } }"}', 400, 'BAD_USER_INPUT'],
  ])('answers %s with the matching code and status', async (_what, body, status, code) => {
    const answer = await post(body, { 'content-type': 'application/json' });
    expect([answer.status, errorCodes(answer)]).toEqual([status, [code]]);
    expect(JSON.stringify(answer.body)).not.toMatch(/stacktrace|node_modules/);
  });

  it('refuses a persisted query with the message that clients expect', async () => {
    const query = '{ viewer { id } }';
    const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') };
    for (const body of [{ query }, { query, extensions: { persistedQuery } }, { extensions: { persistedQuery } }]) {
      const answer = await post(JSON.stringify(body), { 'content-type': 'application/json' });
      const refused = 'extensions' in body;
      expect(errorCodes(answer)).toEqual(refused ? ['BAD_REQUEST'] : []);
      if (refused) expect(answer.body.errors?.[0]?.message).toBe('PersistedQueryNotSupported');
    }
  });

  it.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['application/graphql-response+json', 400],
    ['application/graphql-response+json, application/json;q=0.9', 400],
    ['*/*', 400],
  ])('answers a client that accepts %s with status %i when GraphQL refuses the operation', async (accept, status) => {
    const faults = [
      '{"query":"{ viewer "}',
      '{"query":"{ secrets }"}',
      '{"query":"query A($id: ID!) { course(id: $id) { id } }"}',
      '{"query":"subscription { courses { totalCount } }"}',
    ];
    for (const body of faults) {
      const answer = await post(body, { 'content-type': 'application/json', accept });
      expect([answer.status, errorCodes(answer).length, answer.body.data]).toEqual([status, 1, undefined]);
    }
    // Other refusals have their own status for every client: what is not a GraphQL request, and what costs too much.
    const costly = JSON.stringify({ query: `{ ${'__typename '.repeat(100)} }` });
    for (const body of ['{', '{}', '[]', costly]) {
      expect((await post(body, { 'content-type': 'application/json', accept })).status).toBe(400);
    }
  });

  it.each<[string, string]>([
    ['6,000 aliases', `{ ${Array.from({ length: 6_000 }, (_, i) => `a${i}: nothing`).join(' ')} }`],
    ['51 aliases', `{ ${Array.from({ length: 51 }, (_, i) => `a${i}: nothing`).join(' ')} }`],
    [
      'a fragment bomb',
      `{ course(id: "1") { ...F0 } } ${Array.from({ length: 30 }, (_, i) => `fragment F${i} on Course { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F30 on Course { nothing }`,
    ],
    ['21 levels', `{ ${'nothing { '.repeat(20)} nothing ${'} '.repeat(20)} }`],
    ['repetitions', `{ ${'nothing '.repeat(100)} }`],
    ['directives', `{ nothing ${'@nothing'.repeat(100)} }`],
  ])('refuses %s before validation, by POST, by GET and with files', async (_what, query) => {
    const { token } = await clientOf(app, 'ada');
    const before = await tracesOf(app);
    const headers = { 'apollo-require-preflight': '1' };
    const byPost = await graphql(app.url, query, {});
    const short = query.length < 10_000 ? query : `{ ${'nothing '.repeat(100)} }`;
    const byGet = await readResponse(await fetch(`${app.url}?query=${encodeURIComponent(short)}`, { headers }));
    const withFile = await uploadRequest(app.url, { document: query, files: { file: fixtures.png }, token });
    // Validation would report an unknown field.
    for (const answer of [byPost, byGet, withFile]) {
      expect([answer.status, errorCodes(answer)]).toEqual([400, ['QUERY_TOO_COSTLY']]);
    }
    expect(await tracesOf(app)).toEqual(before);
  });

  it('refuses nested lists because of their sizes, given in variables of a URL too', async () => {
    const query = `query($n: Int!) { courses(first: $n) { nodes { topics(first: $n) { nodes { videos(first: $n) {
      nodes { videoUrl } } } } } } }`;
    expect(errorCodes(await graphql(app.url, query, { n: 100 }))).toEqual(['QUERY_TOO_COSTLY']);
    const get = `${app.url}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent('{"n":100}')}`;
    const byGet = await readResponse(await fetch(get, { headers: { 'apollo-require-preflight': '1' } }));
    expect([byGet.status, errorCodes(byGet)]).toEqual([400, ['QUERY_TOO_COSTLY']]);
    expect(errorCodes(await graphql(app.url, query, { n: 5 }))).toEqual([]);
  });

  it('prices the query of a URL as it runs, however many parameters precede it', async () => {
    const costly = encodeURIComponent(`{ ${'__typename '.repeat(100)} }`);
    const headers = { 'apollo-require-preflight': '1' };
    const byGet = await readResponse(await fetch(`${app.url}?${'a&'.repeat(2_000)}query=${costly}`, { headers }));
    expect([byGet.status, errorCodes(byGet)]).toEqual([400, ['QUERY_TOO_COSTLY']]);
    const twice = await readResponse(await fetch(`${app.url}?query=${costly}&query=${QUERY}`, { headers }));
    expect([twice.status, errorCodes(twice)]).toEqual([400, ['BAD_REQUEST']]);
  });

  it('refuses a body of another type, a body that is too long, and a form that announces too much', async () => {
    const headers = { 'apollo-require-preflight': '1' };
    const xml = await post('<query/>', { ...headers, 'content-type': 'application/xml' });
    expect([xml.status, errorCodes(xml)]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
    const long = await post(JSON.stringify({ query: `{ viewer { id } } #${'x'.repeat(1024 ** 2)}` }), {
      'content-type': 'application/json',
    });
    expect([long.status, errorCodes(long)]).toEqual([413, ['BAD_REQUEST']]);
    const tooMuch = { ...multipartBody([fieldPart('operations', '{}')]), size: 2 ** 50 };
    const token = await tokenFor('ada', 'instructor');
    const outcome = await rawRequest(app.url, { body: tooMuch, token });
    expect(outcome.response?.status).toBe(413);
    expect(JSON.parse(outcome.response!.text)).toMatchObject({ errors: [{ extensions: { code: 'FILE_TOO_LARGE' } }] });
  });

  it('answers 404 in JSON for other paths', async () => {
    const answer = await readResponse(await fetch(`${app.origin}/nothing`, { headers: BROWSER }));
    expect([answer.status, errorCodes(answer)]).toEqual([404, ['NOT_FOUND']]);
  });

  it('shows Apollo Sandbox to a browser with a policy that lets it load', async () => {
    const answer = await fetch(app.url, { headers: BROWSER });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('embeddable-sandbox.cdn.apollographql.com');
    expect(answer.headers.get('content-security-policy')).toContain('embeddable-sandbox.cdn.apollographql.com');
    expect(answer.headers.get('cross-origin-embedder-policy')).toBeNull();
  });

  it('allows introspection', async () => {
    expect((await graphql(app.url, INTROSPECTION)).body).toEqual({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
  });

  it('answers its health checks', async () => {
    expect(await readResponse(await fetch(`${app.origin}/healthz`))).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    expect(await readResponse(await fetch(`${app.origin}/readyz`))).toMatchObject({ status: 200 });
  });
});

describe('GraphQL over HTTP, in production', () => {
  let app: TestApp;
  beforeAll(async () => {
    const production = { NODE_ENV: 'production', HOST: 'localhost', ALLOW_EMBEDDED_DATABASE: 'true' };
    app = await startApp(production);
  });
  afterAll(() => app.remove());

  it('answers a query', async () => {
    const client = await clientOf(app, 'ada');
    expect((await client.send(ViewerDocument, {})).body).toEqual({
      data: { viewer: { id: 'ada', role: 'INSTRUCTOR' } },
    });
  });

  it('serves no landing page', async () => {
    const answer = await fetch(app.url, { headers: BROWSER });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await answer.text()).not.toMatch(/sandbox|<html/i);
    expect(answer.headers.get('content-security-policy')).not.toContain('apollographql');
  });

  it('refuses introspection, and makes no suggestions', async () => {
    const introspection = await graphql(app.url, INTROSPECTION);
    expect([introspection.status, errorCodes(introspection)]).toEqual([400, ['GRAPHQL_VALIDATION_FAILED']]);
    const misspelt = await graphql(app.url, '{ viewr { id } }');
    expect(JSON.stringify(misspelt.body)).not.toMatch(/did you mean|viewer"/i);
  });
});
