import { describe, expect, it } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { costGuard, type GraphqlRequest } from '../../src/graphql/cost.js';
import { buildLecternSchema } from '../../src/schema.js';

const schema = buildLecternSchema();
const check = costGuard({ schema, maxCost: 200_000, maxTokens: 5_000 });

function refusal(request: GraphqlRequest): string | undefined {
  try {
    check(request);
    return undefined;
  } catch (error) {
    if (error instanceof LecternError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Each fragment spreads the next one twice: two to the power of `depth` fields. */
function fragmentBomb(depth: number): string {
  const fragments = Array.from(
    { length: depth },
    (_, i) => `fragment F${String(i)} on Course { ...F${String(i + 1)} ...F${String(i + 1)} }`,
  );
  return `{ course(id: "1") { ...F0 } } ${fragments.join(' ')} fragment F${String(depth)} on Course { id }`;
}

describe('the cost of a query', () => {
  it.each([
    ['a name', '{ __typename }'],
    [
      'a whole course page',
      `{ course(id: "1") { title thumbnailUrl introVideoUrl topics(first: 20) { nodes { title videos(first: 100) { nodes {
        id title durationSeconds isLocked thumbnailUrl videoUrl } } } } } }`,
    ],
    [
      'a thousand videos with both URLs',
      '{ course(id: "1") { topics(first: 10) { nodes { videos(first: 100) { nodes { videoUrl thumbnailUrl } } } } } }',
    ],
    ['what is no GraphQL, for the parser to say', '{ {'],
    ['a field that does not exist, for validation to say', '{ nothing { at { all } } }'],
  ])('admits %s', (_name, query) => {
    expect(refusal({ query })).toBeUndefined();
  });

  it('refuses thousands of aliases by their tokens', () => {
    const aliases = Array.from({ length: 6_000 }, (_, i) => `a${String(i)}: __typename`);
    expect(refusal({ query: `{ ${aliases.join(' ')} }` })).toBe(
      'QUERY_TOO_COSTLY: The query is longer than 5000 tokens.',
    );
  });

  it('refuses fragments that multiply themselves', () => {
    expect(refusal({ query: fragmentBomb(30) })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: fragmentBomb(3) })).toBeUndefined();
  });

  it('multiplies lists by the sizes of their pages, given as literals, as variables or not at all', () => {
    const nested = (first: string): string =>
      `query($n: Int) { courses${first} { nodes { topics${first} { nodes { videos${first} { nodes { videoUrl } } } } } } }`;
    expect(refusal({ query: nested('(first: 100)') })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: nested('(first: $n)'), variables: { n: 100 } })).toMatch(/^QUERY_TOO_COSTLY/);
    expect(refusal({ query: nested('(first: $n)'), variables: { n: 2 } })).toBeUndefined();
    // 20 times 20 times 20 URLs at 5 each, and the fields around them.
    const tight = costGuard({ schema, maxCost: 40_000, maxTokens: 5_000 });
    expect(() => tight({ query: nested('') })).toThrow(/costs 48\d{3}/);
  });

  it('prices a signed URL above a plain field', () => {
    const tight = costGuard({ schema, maxCost: 100, maxTokens: 5_000 });
    const courses = (field: string): GraphqlRequest => ({ query: `{ courses(first: 40) { nodes { ${field} } } }` });
    expect(() => tight(courses('id'))).not.toThrow();
    expect(() => tight(courses('thumbnailUrl'))).toThrow(LecternError);
  });

  it('counts only the operation that is to be run', () => {
    const query =
      'query A { __typename } query B { courses(first: 100) { nodes { topics(first: 100) { nodes { id videos(first: 100) { nodes { id } } } } } } }';
    expect(refusal({ query, operationName: 'A' })).toBeUndefined();
    expect(refusal({ query, operationName: 'B' })).toMatch(/^QUERY_TOO_COSTLY/);
  });
});
