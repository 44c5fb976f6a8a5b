import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';

/** The answer to a check. */
interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined when it is not JSON. */
  readonly json: unknown;
}

interface Check {
  readonly name: string;
  readonly send: (url: string) => Promise<Response>;
  /** Whether the answer shows the weakness. */
  readonly finds: (answer: Answer) => boolean;
  /** The code that a production server answers. */
  readonly code: string;
}

const post = (body: unknown) => (url: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const get = (query: string) => (url: string) => fetch(`${url}?query=${encodeURIComponent(query)}`);
const dataOf = ({ json }: Answer): Record<string, unknown> | null | undefined =>
  (json as { data?: Record<string, unknown> | null } | undefined)?.data;
const errorsOf = ({ json }: Answer): { message: string; extensions?: Record<string, unknown> }[] =>
  (json as { errors?: { message: string }[] } | undefined)?.errors ?? [];
const has = (name: string) => (answer: Answer) => Boolean(dataOf(answer)?.[name]);
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** The checks of graphql-cop (https://github.com/dolevf/graphql-cop), and which answer each considers a finding. */
const CHECKS: Check[] = [
  {
    name: 'Alias Overloading',
    send: post({ query: `query cop { ${times(101, (i) => `alias${i}: __typename`)} }`, operationName: 'cop' }),
    finds: has('alias100'),
    code: 'QUERY_TOO_COSTLY',
  },
  {
    name: 'Array-based Query Batching',
    send: post(Array.from({ length: 10 }, () => ({ query: 'query cop { __typename }', operationName: 'cop' }))),
    finds: ({ json }) => Array.isArray(json) && json.length > 5,
    code: 'BAD_REQUEST',
  },
  {
    name: 'Directive Overloading',
    send: post({ query: `query cop { __typename ${'@aa'.repeat(10)} }`, operationName: 'cop' }),
    finds: (answer) => errorsOf(answer).length === 10,
    code: 'QUERY_TOO_COSTLY',
  },
  {
    name: 'Introspection-based Circular Query',
    send: post({
      query: 'query cop { __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }',
      operationName: 'cop',
    }),
    finds: (answer) => dataOf(answer)?.['__schema'] !== undefined,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    name: 'Field Duplication',
    send: post({ query: `query cop { ${times(500, () => '__typename')} }`, operationName: 'cop' }),
    finds: has('__typename'),
    code: 'QUERY_TOO_COSTLY',
  },
  {
    name: 'GET Method Query Support',
    send: get('query cop {__typename}'),
    finds: has('__typename'),
    code: 'BAD_REQUEST',
  },
  {
    name: 'Mutation is allowed over GET',
    send: get('mutation cop {__typename}'),
    finds: has('__typename'),
    code: 'BAD_REQUEST',
  },
  {
    name: 'POST based url-encoded query',
    send: (url) => fetch(url, { method: 'POST', body: new URLSearchParams({ query: 'query cop { __typename }' }) }),
    finds: has('__typename'),
    code: 'BAD_REQUEST',
  },
  {
    name: 'GraphQL IDE',
    send: (url) => fetch(url, { headers: { accept: 'text/html' } }),
    finds: ({ text }) => /graphiql|playground|sandbox|<html/i.test(text),
    code: 'BAD_REQUEST',
  },
  {
    name: 'Field Suggestions',
    send: post({ query: 'query cop { __schema { directive } }', operationName: 'cop' }),
    finds: (answer) => errorsOf(answer).some(({ message }) => /did you mean/i.test(message)),
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    name: 'Trace Mode',
    send: post({ query: 'query cop { __typename }', operationName: 'cop' }),
    finds: ({ json }) => JSON.stringify((json as { extensions?: unknown }).extensions ?? {}).includes('tracing'),
    code: 'none',
  },
  {
    name: 'Unhandled Error Detection',
    send: post({ query: 'qwerty cop { abc }' }),
    finds: (answer) =>
      errorsOf(answer).some(({ extensions = {} }) => 'exception' in extensions || 'stacktrace' in extensions),
    code: 'GRAPHQL_PARSE_FAILED',
  },
  {
    name: 'Introspection',
    send: post({ query: 'query cop { __schema { types { name fields { name } } } }', operationName: 'cop' }),
    finds: (answer) => dataOf(answer)?.['__schema'] !== undefined,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
];

async function run(check: Check, url: string): Promise<Answer> {
  const response = await check.send(url);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
}

describe('the checks of graphql-cop', () => {
  describe('in production', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp({ NODE_ENV: 'production', HOST: 'localhost', ALLOW_EMBEDDED_DATABASE: 'true' });
    });
    afterAll(() => app.remove());

    it.each(CHECKS.map((check) => [check.name, check] as const))('find nothing: %s', async (_name, check) => {
      const answer = await run(check, app.url);
      const codes = errorsOf(answer).map(({ extensions }) => extensions?.['code']);
      expect(new Set(codes)).toEqual(new Set(check.code === 'none' ? [] : [check.code]));
      expect(answer.status).toBe(check.code === 'none' ? 200 : 400);
      expect(check.finds(answer)).toBe(false);
    });

    it.each([
      [
        'an enum value',
        'query($status: CourseStatus) { courses(filter: { status: $status }) { totalCount } }',
        { status: 'PUBLISHD' },
      ],
      [
        'an input field',
        'mutation($input: CreateCourseInput!) { createCourse(input: $input) { id } }',
        { input: { title: 'x', categry: 'y' } },
      ],
    ])('find no suggestion for %s in a variable', async (_what, query, variables) => {
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${await tokenFor('ada', 'instructor')}`,
      };
      const response = await fetch(app.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      const text = await response.text();
      expect(response.status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
      expect(text).not.toMatch(/did you mean|PUBLISHED|category/i);
    });
  });

  it('find on a development server only what is enabled on purpose', async () => {
    const app = await startApp({ NODE_ENV: 'development' });
    const found: string[] = [];
    for (const check of CHECKS) if (check.finds(await run(check, app.url))) found.push(check.name);
    await app.remove();
    expect(found).toEqual(['GraphQL IDE', 'Field Suggestions', 'Introspection']);
  });
});
