import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type ServerProcess } from '../tests/support/server.js';

/** What a costly query may cost at most, in answers to `{ __typename }`. */
const MOST = 20;
const WARM_UP_ROUNDS = 50;
const ROUNDS = 300;

let dataDir: string;
let server: ServerProcess;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lectern-bench-'));
  const environment = {
    NODE_ENV: 'production',
    ALLOW_EMBEDDED_DATABASE: 'true',
    HOST: 'localhost',
    PORT: '0',
    DATA_DIR: dataDir,
    AUTH_JWT_SECRET: 'a secret for measurements alone, longer than 32 bytes',
    RATE_LIMIT_ADDRESS_PER_MINUTE: '0',
    LOG_LEVEL: 'info',
  };
  server = await startServer(environment, dataDir);
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const list = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
/** Each fragment spreads the next one twice: 2 to the power of 30 fields. */
const bomb = list(30, (i) => `fragment F${i} on Course { ...F${i + 1} ...F${i + 1} }`);
/** The same, each twice by another name, so that nothing is repeated at one place. */
const branching = list(
  30,
  (i) => `fragment F${i} on Course { a: __typename ...F${i + 1} ... on Course { ...F${i + 1} } }`,
);

const QUERIES: Record<string, string> = {
  '{ __typename }': '{ __typename }',
  '6,000 aliases': `{ ${list(6_000, (i) => `a${i}: __typename`)} }`,
  '6,000 fields of one name': `{ ${'__typename '.repeat(6_000)} }`,
  '6,000 directives': `{ __typename ${'@a'.repeat(6_000)} }`,
  'a fragment bomb': `{ course(id: "1") { ...F0 } } ${bomb} fragment F30 on Course { id }`,
  'a branching fragment bomb': `{ course(id: "1") { ...F0 } } ${branching} fragment F30 on Course { id }`,
  'lists of 100 in lists of 100':
    '{ courses(first: 100) { nodes { topics(first: 100) { nodes { videos(first: 100) { nodes { videoUrl } } } } } } }',
};

async function timed(query: string): Promise<number> {
  const body = JSON.stringify({ query });
  const begun = performance.now();
  const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await response.text();
  const ms = performance.now() - begun;
  const { errors = [] } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] };
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(
    query === '{ __typename }' ? [] : ['QUERY_TOO_COSTLY'],
  );
  return ms;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

it(`a query that is refused as too costly costs at most ${MOST} times what { __typename } does`, async () => {
  const times = new Map(Object.keys(QUERIES).map((name) => [name, [] as number[]]));
  // All of them in each round, so that whatever else the machine does meets all of them.
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, query] of Object.entries(QUERIES)) {
      const ms = await timed(query);
      if (round >= 0) times.get(name)?.push(ms);
    }
  }
  const one = median(times.get('{ __typename }') ?? []);
  const rows = Array.from(times, ([name, all]) => ({ query: name, ms: median(all), ratio: median(all) / one }));
  console.table(rows.map(({ query, ms, ratio }) => ({ query, 'median ms': ms.toFixed(2), ratio: ratio.toFixed(1) })));
  for (const { query, ratio } of rows) expect(ratio, query).toBeLessThanOrEqual(MOST);
});
