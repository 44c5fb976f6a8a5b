import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connection, decodeCursor, encodeCursor, pageSize } from '../../src/graphql/pagination.js';

describe('the size of a page', () => {
  it.each([
    [undefined, 20],
    [null, 20],
    [0, 0],
    [1, 1],
    [100, 100],
    [101, 100],
    [2 ** 31 - 1, 100],
  ])('%s is %i', (first, size) => {
    expect(pageSize(first)).toBe(size);
  });

  it('is not negative', () => {
    expect(() => pageSize(-1)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', fields: ['first'] }));
  });
});

describe('a cursor', () => {
  it('gives back what was put into it, and is safe in a URL', () => {
    const values = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer());
    fc.assert(
      fc.property(values, (given) => {
        const cursor = encodeCursor(given);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor, ['string', 'number'])).toEqual(given);
      }),
    );
  });

  const refused = expect.objectContaining({ code: 'BAD_USER_INPUT', fields: ['after'] });

  it.each([
    ['nothing', ''],
    ['nonsense', 'nonsense'],
    ['no list', Buffer.from('{"0":"a","1":1}').toString('base64url')],
    ['too few values', encodeCursor(['a'])],
    ['too many values', encodeCursor(['a', 1, 2])],
    ['other types', encodeCursor([1, 'a'])],
    ['an object', Buffer.from('[{"$gt":""},1]').toString('base64url')],
    ['more than a cursor can be', encodeCursor(['x'.repeat(3_000), 1])],
  ])('is refused: %s', (_what, cursor) => {
    expect(() => decodeCursor(cursor, ['string', 'number'])).toThrow(refused);
  });

  it('is refused in our words, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (cursor) => {
        expect(() => decodeCursor(cursor, ['string', 'number', 'string', 'number'])).toThrow(refused);
      }),
    );
  });
});

describe('a connection', () => {
  const of = (found: string[], size: number, after?: string) =>
    connection({ found, size, after, cursorOf: (item) => `at ${item}`, count: () => Promise.resolve(7) });

  it('shows all but the one that was read too many', () => {
    const page = of(['a', 'b', 'c'], 2, 'at 0');
    expect(page.nodes).toEqual(['a', 'b']);
    expect(page.edges).toEqual([
      { node: 'a', cursor: 'at a' },
      { node: 'b', cursor: 'at b' },
    ]);
    expect(page.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true, startCursor: 'at a', endCursor: 'at b' });
  });

  it('is the last page when there is no more', () => {
    expect(of(['a', 'b'], 2).pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
    expect(of([], 2).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
    expect(of(['a'], 0)).toMatchObject({ nodes: [], pageInfo: { hasNextPage: true, endCursor: null } });
  });

  it('counts only when it is asked to', async () => {
    let counts = 0;
    const count = async (): Promise<number> => ++counts;
    const page = connection({ found: ['a'], size: 1, after: null, cursorOf: String, count });
    expect(counts).toBe(0);
    expect(await page.totalCount()).toBe(1);
  });
});
