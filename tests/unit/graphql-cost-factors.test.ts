import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { costFactorsOf, type VariableValues } from '../../src/graphql/cost-factors.js';
import { buildLecternSchema } from '../../src/schema.js';

const schema = buildLecternSchema();
const factors = (text: string, values: VariableValues): string =>
  JSON.stringify(costFactorsOf(schema, parse(text))(values));

describe('of the variables of a request, its cost depends on', () => {
  it.each<[string, string, VariableValues, VariableValues]>([
    ['a page size', 'query ($n: Int) { courses(first: $n) { nodes { id } } }', { n: 1 }, { n: 2 }],
    [
      'a page size within a fragment',
      'query ($n: Int) { course(id: "1") { ...F } } fragment F on Course { topics(first: $n) { nodes { id } } }',
      { n: 1 },
      { n: 2 },
    ],
    [
      'a search, whose words are counted',
      'query ($text: String) { courses(filter: { search: $text }) { nodes { id } } }',
      { text: 'one' },
      { text: 'one two' },
    ],
    [
      'a condition',
      'query ($all: Boolean!) { courses @include(if: $all) { nodes { id } } }',
      { all: true },
      { all: false },
    ],
    [
      'how many parts are signed',
      'query ($n: [Int!]!) { upload(id: "1") { parts(numbers: $n) { url } } }',
      { n: [1] },
      { n: [1, 2] },
    ],
    ['whether one is null', 'query ($id: ID = "1") { course(id: $id) { id } }', { id: '1' }, { id: null }],
    ['whether one is given', 'query ($id: ID = "1") { course(id: $id) { id } }', { id: null }, {}],
    ['whether a page size is given', 'query ($n: Int = 9) { courses(first: $n) { nodes { id } } }', { n: null }, {}],
  ])('%s', (_what, text, one, other) => {
    expect(factors(text, one)).not.toBe(factors(text, other));
  });

  it.each<[string, string, VariableValues, VariableValues]>([
    ['an id', 'query ($id: ID!) { course(id: $id) { title } }', { id: '1' }, { id: '2' }],
    [
      'the input of a mutation',
      'mutation ($input: CreateCourseInput!) { createCourse(input: $input) { id } }',
      { input: { title: 'A' } },
      { input: { title: 'B' } },
    ],
    [
      'the place of a page',
      'query ($after: String) { course(id: "1") { topics(first: 9, after: $after) { nodes { id } } } }',
      { after: 'a' },
      { after: 'b' },
    ],
    ['a variable that is not declared', '{ courses { nodes { id } } }', { n: 1 }, { n: 2 }],
  ])('not %s', (_what, text, one, other) => {
    expect(factors(text, one)).toBe(factors(text, other));
  });
});
