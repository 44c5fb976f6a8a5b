import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connection, decodeCursor, encodeCursor, pageSize } from '../../src/graphql/pagination.js';

describe('pageSize', () => {
  it.each([
    [undefined, 20],
    [null, 20],
    [0, 0],
    [1, 1],
    [100, 100],
    [101, 100],
    [2 ** 31 - 1, 100],
  ])('of %s is %i', (first, size) => {
    expect(pageSize(first)).toBe(size);
  });

  it('refuses a negative number', () => {
    expect(() => pageSize(-1)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', fields: ['first'] }));
  });
});

describe('cursors', () => {
  it('decode to the encoded values, and are safe in a URL', () => {
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
    ['an empty cursor', ''],
    ['nonsense', 'nonsense'],
    ['JSON that is not a list', Buffer.from('{"0":"a","1":1}').toString('base64url')],
    ['too few values', encodeCursor(['a'])],
    ['too many values', encodeCursor(['a', 1, 2])],
    ['values of other types', encodeCursor([1, 'a'])],
    ['an object in place of a value', Buffer.from('[{"$gt":""},1]').toString('base64url')],
    ['a cursor that is too long', encodeCursor(['x'.repeat(3_000), 1])],
  ])('refuse %s with BAD_USER_INPUT', (_what, cursor) => {
    expect(() => decodeCursor(cursor, ['string', 'number'])).toThrow(refused);
  });

  it('refuse any text with BAD_USER_INPUT', () => {
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

  it('drops the extra item that was read to find out whether a next page exists', () => {
    const page = of(['a', 'b', 'c'], 2, 'at 0');
    expect(page.nodes).toEqual(['a', 'b']);
    expect(page.edges).toEqual([
      { node: 'a', cursor: 'at a' },
      { node: 'b', cursor: 'at b' },
    ]);
    expect(page.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true, startCursor: 'at a', endCursor: 'at b' });
  });

  it('has no next page when no extra item was found', () => {
    expect(of(['a', 'b'], 2).pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
    expect(of([], 2).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
    expect(of(['a'], 0)).toMatchObject({ nodes: [], pageInfo: { hasNextPage: true, endCursor: null } });
  });

  it('counts the total only when it is asked for', async () => {
    let counts = 0;
    const count = async (): Promise<number> => ++counts;
    const page = connection({ found: ['a'], size: 1, after: null, cursorOf: String, count });
    expect(counts).toBe(0);
    expect(await page.totalCount()).toBe(1);
  });
});
