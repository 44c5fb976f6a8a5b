import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reordered, requireReordered } from '../../src/catalog/reorder.js';

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 12 });

describe('reordered', () => {
  it('returns the given order when it names every child exactly once', () => {
    expect(reordered(['a', 'b', 'c'], ['c', 'a', 'b'], ['b', 'c', 'a'], 'ids')).toEqual(['b', 'c', 'a']);
    expect(reordered([], [], [], 'ids')).toEqual([]);
  });

  it('keeps ids without a child at the end, in their old order', () => {
    expect(reordered(['x', 'a', 'y', 'b'], ['a', 'b'], ['b', 'a'], 'ids')).toEqual(['b', 'a', 'x', 'y']);
  });

  it('adds a child that the old order does not contain', () => {
    expect(reordered(['a'], ['a', 'b'], ['b', 'a'], 'ids')).toEqual(['b', 'a']);
  });

  it.each<[string, string[]]>([
    ['an id is missing', ['a']],
    ['an id is unknown', ['a', 'x']],
    ['there is an additional unknown id', ['a', 'b', 'x']],
    ['the list is empty', []],
    ['the id of a deleted child is given', ['a', 'b', 'gone']],
  ])('fails with CONFLICT when %s', (_why, wanted) => {
    expect(codeOf(() => reordered(['a', 'b', 'gone'], ['a', 'b'], wanted, 'ids'))).toBe('CONFLICT');
  });

  it('fails with BAD_USER_INPUT and names the argument when an id is given twice', () => {
    expect(() => reordered(['a', 'b'], ['a', 'b'], ['a', 'b', 'a'], 'topicIds')).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', fields: ['topicIds'] }),
    );
  });

  it('neither loses nor duplicates an id', () => {
    fc.assert(
      fc.property(ids, ids, (present, living) => {
        const wanted = [...living].reverse();
        const order = reordered(present, living, wanted, 'ids');
        expect(order.slice(0, wanted.length)).toEqual(wanted);
        expect([...order].sort()).toEqual([...new Set([...present, ...living])].sort());
      }),
    );
  });
});

describe('requireReordered', () => {
  it('fails with CONFLICT when the list was changed meanwhile', () => {
    expect(codeOf(() => requireReordered(1))).toBeUndefined();
    expect(codeOf(() => requireReordered(0))).toBe('CONFLICT');
  });
});
