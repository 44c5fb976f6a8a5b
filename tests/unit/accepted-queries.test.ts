import { parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { AcceptedQueries, type ParsedQuery } from '../../src/graphql/accepted-queries.js';

const TEXT = '{ viewer { id } }';
const parsing = (text: string) => vi.fn((): ParsedQuery => ({ document: parse(text), costFactors: () => [] }));

describe('the cache of accepted queries', () => {
  it('parses the same text once', () => {
    const queries = new AcceptedQueries();
    const make = parsing(TEXT);
    expect(queries.query(TEXT, make)).toBe(queries.query(TEXT, make));
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('prices the same operation and cost factors once, and different ones separately', () => {
    const queries = new AcceptedQueries();
    const check = vi.fn(() => true);
    for (let i = 0; i < 2; i += 1) {
      queries.price(TEXT, undefined, [1], check);
      queries.price(TEXT, undefined, [2], check);
      queries.price(TEXT, 'A', [1], check);
      queries.price(`${TEXT} `, undefined, [1], check);
    }
    expect(check).toHaveBeenCalledTimes(4);
  });

  it('prices a query each time when its cost factors are nested too deeply to be compared', () => {
    const queries = new AcceptedQueries();
    const check = vi.fn(() => true);
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    for (let i = 0; i < 2; i += 1) queries.price(TEXT, undefined, [deep], check);
    expect(check).toHaveBeenCalledTimes(2);
  });

  it('does not keep queries that were refused or cannot run', () => {
    const queries = new AcceptedQueries();
    const refuse = vi.fn(() => {
      throw new Error('too costly');
    });
    for (let i = 0; i < 2; i += 1) expect(() => queries.price(TEXT, null, [], refuse)).toThrow('too costly');
    const unknown = vi.fn(() => false);
    for (let i = 0; i < 2; i += 1) queries.price(TEXT, null, [], unknown);
    expect([refuse.mock.calls.length, unknown.mock.calls.length]).toEqual([2, 2]);
    expect(() => queries.query(TEXT, refuse)).toThrow('too costly');
    expect(queries.query(TEXT, () => undefined)).toBeUndefined();
  });

  it('bounds its memory: keeps no long text and drops the least recently used', () => {
    const queries = new AcceptedQueries();
    const long = `{ viewer { id } } # ${'x'.repeat(20_000)}`;
    const makeLong = parsing(long);
    queries.query(long, makeLong);
    queries.query(long, makeLong);
    expect(makeLong).toHaveBeenCalledTimes(2);
    const makeFirst = parsing(TEXT);
    queries.query(TEXT, makeFirst);
    for (let i = 0; i < 100; i += 1) {
      const other = `${TEXT} # ${String(i)} ${'x'.repeat(10_000)}`;
      queries.query(other, parsing(other));
    }
    queries.query(TEXT, makeFirst);
    expect(makeFirst).toHaveBeenCalledTimes(2);
  });
});
