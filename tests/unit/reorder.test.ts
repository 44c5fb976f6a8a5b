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

describe('a new order', () => {
  it('is the one given, when it names every living child once', () => {
    expect(reordered(['a', 'b', 'c'], ['c', 'a', 'b'], ['b', 'c', 'a'], 'ids')).toEqual(['b', 'c', 'a']);
    expect(reordered([], [], [], 'ids')).toEqual([]);
  });

  it('keeps at its end what has no living child, in its order', () => {
    expect(reordered(['x', 'a', 'y', 'b'], ['a', 'b'], ['b', 'a'], 'ids')).toEqual(['b', 'a', 'x', 'y']);
  });

  it('gives a place to a living child that had none', () => {
    expect(reordered(['a'], ['a', 'b'], ['b', 'a'], 'ids')).toEqual(['b', 'a']);
  });

  it.each<[string, string[]]>([
    ['one is missing', ['a']],
    ['one is unknown', ['a', 'x']],
    ['one is too many', ['a', 'b', 'x']],
    ['none is given', []],
    ['one that is not living is given', ['a', 'b', 'gone']],
  ])('is a CONFLICT when %s', (_why, wanted) => {
    expect(codeOf(() => reordered(['a', 'b', 'gone'], ['a', 'b'], wanted, 'ids'))).toBe('CONFLICT');
  });

  it('is BAD_USER_INPUT, naming the argument, when one is given twice', () => {
    expect(() => reordered(['a', 'b'], ['a', 'b'], ['a', 'b', 'a'], 'topicIds')).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', fields: ['topicIds'] }),
    );
  });

  it('loses none and doubles none, whatever is asked', () => {
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
  it('is a CONFLICT when the list was no longer as it was read', () => {
    expect(codeOf(() => requireReordered(1))).toBeUndefined();
    expect(codeOf(() => requireReordered(0))).toBe('CONFLICT');
  });
});
