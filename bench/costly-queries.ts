import type { Contest, Figure, Scale } from './figure.js';
import { newLecternData, startLectern } from './servers.js';
import { quantile } from './measure.js';

/** What a refused query may cost at most, in answers to `{ __typename }`. */
const MOST = 20;
const REQUESTS = 30;

const list = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
/** Each fragment spreads the next one twice: 2 to the power of 30 fields. */
const bomb = list(30, (i) => `fragment F${i} on Course { ...F${i + 1} ...F${i + 1} }`);
/** The same, each twice by another name, so that nothing is repeated at one place. */
const branching = list(
  30,
  (i) => `fragment F${i} on Course { a: __typename ...F${i + 1} ... on Course { ...F${i + 1} } }`,
);

const QUERIES: Readonly<Record<string, string>> = {
  '6,000 aliases': `{ ${list(6_000, (i) => `a${i}: __typename`)} }`,
  '6,000 fields of one name': `{ ${'__typename '.repeat(6_000)} }`,
  '6,000 directives': `{ __typename ${'@a'.repeat(6_000)} }`,
  'a fragment bomb': `{ course(id: "1") { ...F0 } } ${bomb} fragment F30 on Course { id }`,
  'a branching fragment bomb': `{ course(id: "1") { ...F0 } } ${branching} fragment F30 on Course { id }`,
  'lists of 100 in lists of 100':
    '{ courses(first: 100) { nodes { topics(first: 100) { nodes { videos(first: 100) { nodes { videoUrl } } } } } } }',
};

/** A query that is refused as too costly must cost little itself. */
export const costlyQueries: Figure = {
  name: 'costly-queries',
  title: 'Queries that are refused as too costly',
  unit: 'ms',
  goals: Object.keys(QUERIES).map((name) => ({ contestant: `Lectern, ${name}`, atMost: MOST })),
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const lectern = await startLectern(data.environment);
  /** The median of some requests: one alone is too short to be measured. */
  const ask = async (query: string, expected: readonly string[]): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < (smoke ? 1 : REQUESTS); i++) times.push(await timeOf(lectern.url, query, expected));
    return quantile(times, 0.5);
  };
  return {
    contestants: new Map([
      ['Lectern, { __typename }', () => ask('{ __typename }', [])],
      ...Object.entries(QUERIES).map(([name, query]): [string, () => Promise<number>] => {
        return [`Lectern, ${name}`, () => ask(query, ['QUERY_TOO_COSTLY'])];
      }),
    ]),
    tearDown: async () => {
      await lectern.stop();
      await data.remove();
    },
  };
}

async function timeOf(url: string, query: string, expected: readonly string[]): Promise<number> {
  const body = JSON.stringify({ query });
  const began = performance.now();
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await response.text();
  const ms = performance.now() - began;
  const { errors = [] } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] };
  const codes = errors.map(({ extensions }) => extensions.code);
  if (codes.join() !== expected.join()) throw new Error(`Expected ${expected.join()}, not ${text.slice(0, 500)}`);
  return ms;
}
