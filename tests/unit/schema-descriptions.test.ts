import { readFileSync } from 'node:fs';
import { buildSchema, isInputObjectType, isObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/errors.js';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));
const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInputObjectType(type));

/** Every description of the schema, by the type or field that it describes. */
const descriptions = new Map<string, string | null | undefined>();
for (const type of types.filter(({ name }) => !name.startsWith('__'))) {
  descriptions.set(type.name, type.description);
  for (const field of Object.values(type.getFields())) {
    descriptions.set(`${type.name}.${field.name}`, field.description);
  }
}

it('the schema description links the error list, and no field lists the codes', () => {
  expect(schema.description).toContain('docs/errors.md');
  const codes = Object.keys(ERROR_CATALOGUE);
  for (const [name, description] of descriptions) {
    expect([name, codes.filter((code) => description?.includes(code)).length <= 1]).toEqual([name, true]);
  }
});

it('every query and mutation has a description', () => {
  const operations = [...descriptions.keys()].filter((name) => /^(Query|Mutation)\./.test(name));
  expect(operations.length).toBeGreaterThan(25);
  for (const name of operations)
    expect([name, descriptions.get(name) ?? '']).toEqual([name, expect.stringMatching(/\w.{10}/)]);
});

it('no description has "a" before a vowel', () => {
  for (const [name, description] of descriptions)
    expect([name, description ?? '']).toEqual([name, expect.not.stringMatching(/\ba [aeio]/i)]);
});
