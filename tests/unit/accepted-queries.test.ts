import { parse, type DocumentNode } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { AcceptedQueries } from '../../src/graphql/accepted-queries.js';

const TEXT = '{ viewer { id } }';
const parsing = (text: string) => vi.fn((): DocumentNode => parse(text));

describe('queries that were accepted', () => {
  it('are parsed once', () => {
    const queries = new AcceptedQueries();
    const make = parsing(TEXT);
    expect(queries.document(TEXT, make)).toBe(queries.document(TEXT, make));
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('are priced once for the same operation and variables, and anew for others', () => {
    const queries = new AcceptedQueries();
    const check = vi.fn(() => true);
    for (let i = 0; i < 2; i += 1) {
      queries.price(TEXT, undefined, { first: 1 }, check);
      queries.price(TEXT, undefined, { first: 2 }, check);
      queries.price(TEXT, 'A', { first: 1 }, check);
      queries.price(TEXT, undefined, '{"first":1}', check);
      queries.price(`${TEXT} `, undefined, { first: 1 }, check);
    }
    expect(check).toHaveBeenCalledTimes(5);
  });

  it('are priced each time with variables that are nested too deeply to be remembered', () => {
    const queries = new AcceptedQueries();
    const check = vi.fn(() => true);
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    for (let i = 0; i < 2; i += 1) queries.price(TEXT, undefined, { deep }, check);
    expect(check).toHaveBeenCalledTimes(2);
  });

  it('are not those that were refused or would not be run', () => {
    const queries = new AcceptedQueries();
    const refuse = vi.fn(() => {
      throw new Error('too costly');
    });
    for (let i = 0; i < 2; i += 1) expect(() => queries.price(TEXT, null, {}, refuse)).toThrow('too costly');
    const unknown = vi.fn(() => false);
    for (let i = 0; i < 2; i += 1) queries.price(TEXT, null, {}, unknown);
    expect([refuse.mock.calls.length, unknown.mock.calls.length]).toEqual([2, 2]);
    expect(() => queries.document(TEXT, refuse)).toThrow('too costly');
    expect(queries.document(TEXT, () => undefined)).toBeUndefined();
  });

  it('take bounded memory: long texts and the least used ones are not kept', () => {
    const queries = new AcceptedQueries();
    const long = `{ viewer { id } } # ${'x'.repeat(20_000)}`;
    const makeLong = parsing(long);
    queries.document(long, makeLong);
    queries.document(long, makeLong);
    expect(makeLong).toHaveBeenCalledTimes(2);
    const makeFirst = parsing(TEXT);
    queries.document(TEXT, makeFirst);
    for (let i = 0; i < 100; i += 1) {
      const other = `${TEXT} # ${String(i)} ${'x'.repeat(10_000)}`;
      queries.document(other, parsing(other));
    }
    queries.document(TEXT, makeFirst);
    expect(makeFirst).toHaveBeenCalledTimes(2);
  });
});
