import { readFileSync } from 'node:fs';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { LecternError } from '../../src/errors.js';
import { costGuard, type GraphqlRequest } from '../../src/graphql/cost.js';
import { buildLecternSchema } from '../../src/schema.js';

const schema = buildLecternSchema();
/** The default limits. */
const limits = { schema, ...loadConfig({}).queries };
const check = costGuard(limits);

function refusal(request: GraphqlRequest): string | undefined {
  try {
    check(request);
    return undefined;
  } catch (error) {
    if (error instanceof LecternError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Each fragment spreads the next one twice, which makes 2 ** depth fields. */
function fragmentBomb(depth: number): string {
  const fragments = Array.from(
    { length: depth },
    (_, i) => `fragment F${String(i)} on Course { ...F${String(i + 1)} ...F${String(i + 1)} }`,
  );
  return `{ course(id: "1") { ...F0 } } ${fragments.join(' ')} fragment F${String(depth)} on Course { id }`;
}

const operationFiles = ['course-page', 'media-file', 'video-items'];
const coursePage = operationFiles
  .map((name) => readFileSync(new URL(`../support/operations/${name}.graphql`, import.meta.url), 'utf8'))
  .join('\n');

describe('a repeated query', () => {
  const lists = 'query ($first: Int, $again: Boolean = false) { courses(first: $first) { nodes { id thumbnailUrl } } }';
  const strict = costGuard({ ...limits, maxCost: 200 });
  const outcome = (request: GraphqlRequest): string => {
    try {
      strict(request);
      return 'accepted';
    } catch (error) {
      return (error as LecternError).message;
    }
  };

  it('is priced by its variables each time, in any order', () => {
    const small = { query: lists, variables: { first: 10 } };
    const large = { query: lists, variables: { first: 100 } };
    const before = [outcome(small), outcome(large)];
    expect(before).toEqual(['accepted', outcome(large)]);
    expect(before[1]).toMatch(/^The query costs \d+; at most 200 is allowed\.$/);
    for (let i = 0; i < 3; i += 1) expect([outcome(small), outcome(large)]).toEqual(before);
    // In a URL the variables are JSON text.
    expect(outcome({ query: lists, variables: '{"first":100}' })).toBe(before[1]);
    expect(outcome({ query: lists, variables: '{"first":10}' })).toBe('accepted');
  });

  it('is priced by its operation each time', () => {
    const query = 'query A { viewer { id } } query B { courses(first: 100) { nodes { id thumbnailUrl } } }';
    const before = [outcome({ query, operationName: 'A' }), outcome({ query, operationName: 'B' })];
    expect(before).toEqual(['accepted', expect.stringContaining('at most 200')]);
    expect([outcome({ query, operationName: 'A' }), outcome({ query, operationName: 'B' })]).toEqual(before);
  });
});

describe('the cost of a search', () => {
  const priced = (search: string | null, maxCost: number): string | undefined => {
    const query = 'query ($search: String) { courses(first: 1, filter: { search: $search }) { nodes { id } } }';
    try {
      costGuard({ ...limits, maxCost })({ query, variables: { search } });
      return undefined;
    } catch (error) {
      return error instanceof LecternError ? error.message : String(error);
    }
  };

  // The list itself costs 3: the connection, its nodes and their ids.
  it.each<[string | null, number]>([
    [null, 3],
    ['', 3],
    ['one', 1_003],
    ['one one ONE', 1_003],
    ['one two, three!', 3_003],
    ['⛵', 1_003],
    ['入门课程', 2_003],
    ['a b c d e f g h', 8_003],
    ['a b c d e f g h i j k l m n o p', 8_003],
    ['a '.repeat(50_000), 8_003],
  ])('of %j is that of its words, at most 8: %i', (search, cost) => {
    expect(priced(search, cost)).toBeUndefined();
    expect(priced(search, cost - 1)).toContain(`costs ${String(cost)};`);
  });
});

describe('the cost of a query', () => {
  it('allows a course page with 20 topics, 200 videos and every URL by the default limits', () => {
    const variables = { id: '1', topics: 20, videos: 10 };
    expect(refusal({ query: coursePage, variables, operationName: 'CoursePage' })).toBeUndefined();
  });

  it.each([
    ['a single field', '{ __typename }'],
    [
      'a whole course page',
      `{ course(id: "1") { title thumbnailUrl introVideoUrl topics(first: 20) { nodes { title videos(first: 100) { nodes {
        id title durationSeconds isLocked thumbnailUrl videoUrl } } } } } }`,
    ],
    [
      'a thousand videos with both URLs',
      '{ course(id: "1") { topics(first: 10) { nodes { videos(first: 100) { nodes { videoUrl thumbnailUrl } } } } } }',
    ],
    ['the introspection of development tools', getIntrospectionQuery()],
    ['text that is not GraphQL, which the parser refuses', '{ {'],
    ['an unknown field, which validation refuses', '{ nothing { at { all } } }'],
  ])('guard lets %s pass', (_name, query) => {
    expect(refusal({ query })).toBeUndefined();
  });

  it('guard refuses thousands of aliases because of their tokens', () => {
    const aliases = Array.from({ length: 6_000 }, (_, i) => `a${String(i)}: __typename`);
    expect(refusal({ query: `{ ${aliases.join(' ')} }` })).toBe(
      'QUERY_TOO_COSTLY: The query is longer than 5000 tokens.',
    );
  });

  it('guard refuses fragments that multiply each other', () => {
    expect(refusal({ query: fragmentBomb(30) })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: fragmentBomb(3) })).toBeUndefined();
  });

  it('multiplies by the size of each page, whether it is a literal, a variable or the default', () => {
    const nested = (first: string): string =>
      `query($n: Int) { courses${first} { nodes { topics${first} { nodes { videos${first} { nodes { videoUrl } } } } } } }`;
    expect(refusal({ query: nested('(first: 100)') })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: nested('(first: $n)'), variables: { n: 100 } })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: nested('(first: $n)'), variables: { n: 2 } })).toBeUndefined();
    // 20 * 20 * 20 URLs at 5 each, and the fields around them.
    const tight = costGuard({ ...limits, maxCost: 40_000 });
    expect(() => tight({ query: nested('') })).toThrow(/costs 48\d{3}/);
  });

  it('of a signed URL is higher than that of a plain field', () => {
    const tight = costGuard({ ...limits, maxCost: 100 });
    const courses = (field: string): GraphqlRequest => ({ query: `{ courses(first: 40) { nodes { ${field} } } }` });
    expect(() => tight(courses('id'))).not.toThrow();
    expect(() => tight(courses('thumbnailUrl'))).toThrow(LecternError);
  });

  it('counts captions and resources, which are lists without pages, as ten items each', () => {
    const captions = (field: string): string =>
      `{ courses(first: 10) { nodes { topics(first: 10) { nodes { videos(first: 10) { nodes { ${field} } } } } } } }`;
    // 10 * 10 * 10 videos with 10 captions of a file and a URL each: 1 + 10 * (1 + 5) per video, and the lists around them.
    const tight = costGuard({ ...limits, maxCost: 60_000 });
    expect(() => tight({ query: captions('captions { file { url } }') })).toThrow(/costs 6[12]\d{3}/);
    expect(() => tight({ query: captions('resources { file { url } }') })).toThrow(/costs 6[12]\d{3}/);
    expect(refusal({ query: captions('captions { file { url } }') })).toBeUndefined();
  });

  it('is calculated with variables given as JSON in a URL', () => {
    const query =
      'query($n: Int!) { courses(first: $n) { nodes { topics(first: $n) { nodes { videos(first: $n) { nodes { id } } } } } } }';
    expect(refusal({ query, variables: '{"n":100}' })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query, variables: '{"n":2}' })).toBeUndefined();
  });

  it('guard refuses a query that would run but whose cost cannot be calculated', () => {
    const query = `query($x: Boolean = true) {
      courses(first: 100) { nodes { topics(first: 100) { nodes { videos(first: 100) { nodes { id } } } } } }
      course(id: "1") { id @include(if: $x) } }`;
    expect(refusal({ query, variables: { x: null } })).toMatch(/^BAD_USER_INPUT/);
  });

  it('guard refuses the same after it has accepted the query with other values', () => {
    const query = 'query($id: ID = "1") { course(id: $id) { id } }';
    const refused = refusal({ query, variables: { id: null } });
    expect(refused).toMatch(/^BAD_USER_INPUT/);
    for (const variables of [{}, { id: '2' }]) expect(refusal({ query, variables })).toBeUndefined();
    expect(refusal({ query, variables: { id: null } })).toBe(refused);
  });

  it('guard ignores what will not run: invalid variables, an unknown operation', () => {
    const query = 'query A($n: Int!) { courses(first: $n) { totalCount } }';
    expect(refusal({ query, variables: { n: 'many' } })).toBeUndefined();
    expect(refusal({ query, variables: { n: 1 }, operationName: 'B' })).toBeUndefined();
    expect(refusal({ query: 'subscription { nothing }' })).toBeUndefined();
  });

  it('counts only the operation that will run', () => {
    const query =
      'query A { __typename } query B { courses(first: 100) { nodes { topics(first: 100) { nodes { id videos(first: 100) { nodes { id } } } } } } }';
    expect(refusal({ query, operationName: 'A' })).toBeUndefined();
    expect(refusal({ query, operationName: 'B' })).toMatch(/^QUERY_TOO_COSTLY/);
  });
});

describe('the limits on the shape of a query', () => {
  const many = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join(' ');
  const aliases = (count: number, prefix = 'a'): string => many(count, (i) => `${prefix}${i}: __typename`);
  const levels = (count: number): string => `{ __type(name: "ID") ${nested(count - 1)} }`;
  const nested = (count: number): string => (count === 1 ? '{ name }' : `{ ofType ${nested(count - 1)} }`);

  it.each<[string, string, string]>([
    ['50 aliases', `{ ${aliases(50)} }`, `{ ${aliases(51)} }`],
    [
      '50 aliases, including those in fragments',
      `{ ${aliases(25)} ...F } fragment F on Query { ${aliases(25, 'b')} }`,
      `{ ${aliases(25)} ...F } fragment F on Query { ${aliases(26, 'b')} }`,
    ],
    [
      '50 directives',
      `{ course(id: "1") { id ${many(50, (i) => `...F${i} @skip(if: true)`)} } } ${many(50, (i) => `fragment F${i} on Course { id }`)}`,
      `{ course(id: "1") { id ${many(51, (i) => `...F${i} @skip(if: true)`)} } } ${many(51, (i) => `fragment F${i} on Course { id }`)}`,
    ],
    ['20 levels', levels(20), levels(21)],
    [
      '20 levels, including those in fragments',
      `{ __type(name: "ID") { ...F } } fragment F on __Type ${nested(19)}`,
      `{ __type(name: "ID") { ...F } } fragment F on __Type ${nested(20)}`,
    ],
    ['5 repetitions of a field', `{ ${many(6, () => '__typename')} }`, `{ ${many(7, () => '__typename')} }`],
    [
      '5 repetitions of a field in inline fragments',
      `{ ${many(6, () => '... { __typename }')} }`,
      `{ ${many(7, () => '... on Query { __typename }')} }`,
    ],
    [
      '5 repetitions of a fragment',
      `{ ${many(6, () => '...F')} } fragment F on Query { __typename }`,
      `{ ${many(7, () => '...F')} } fragment F on Query { __typename }`,
    ],
    ['5 repetitions of a directive', `{ __typename ${'@a'.repeat(6)} }`, `{ __typename ${'@a'.repeat(7)} }`],
  ])('allow %s and no more', (_what, admitted, refused) => {
    expect(refusal({ query: admitted })).toBeUndefined();
    expect(refusal({ query: refused })).toMatch(/^QUERY_TOO_COSTLY/);
  });

  it('do not count a field as repeated in fragments on other types or in different fragments', () => {
    const fragments = many(40, (i) => `fragment F${i} on Course { id title }`);
    expect(refusal({ query: `{ course(id: "1") { ${many(40, (i) => `...F${i}`)} } } ${fragments}` })).toBeUndefined();
    const branches = many(40, (i) => `... on T${i} { id }`);
    expect(refusal({ query: `{ course(id: "1") { ${branches} } }` })).toBeUndefined();
  });

  it('also apply to circular fragments and to fragments that are not used', () => {
    const circle = '{ course(id: "1") { ...F } } fragment F on Course { id ...G } fragment G on Course { id ...F }';
    expect(refusal({ query: circle })).toBeUndefined();
    expect(refusal({ query: `{ __typename } fragment F on Query { ${aliases(51)} }` })).toMatch(/^QUERY_TOO_COSTLY/);
  });
});
