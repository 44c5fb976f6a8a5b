import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { checkFileMap } from '../../src/http/file-map.js';

const operations = (variables: unknown): unknown => ({ query: 'mutation', variables });
const parsed = (json: string): unknown => JSON.parse(json);

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof LecternError ? error.code : String(error);
  }
}

describe('checkFileMap accepts', () => {
  it.each<[string, unknown, Record<string, string[]>]>([
    ['a variable', { file: null }, { 0: ['variables.file'] }],
    ['two variables', { a: null, b: null }, { one: ['variables.b'], two: ['variables.a'] }],
    ['a field of an input', { input: { thumbnail: null } }, { 0: ['variables.input.thumbnail'] }],
    ['items of a list', { files: [null, null] }, { 0: ['variables.files.1'], 1: ['variables.files.0'] }],
    ['the highest allowed index', { files: Array(1000).fill(null) }, { 0: ['variables.files.999'] }],
    ['a file without a path', { file: null }, { 0: [] }],
    ['no file', {}, {}],
  ])('%s', (_what, variables, map) => {
    expect(Object.fromEntries(checkFileMap(operations(variables), map, 10))).toEqual(map);
  });
});

describe('checkFileMap, for a map as Apollo Sandbox sends it,', () => {
  const courseFiles = { thumbnail: null, introVideo: null };

  it('removes the number before each path', () => {
    const map = { 0: ['0.variables.thumbnail'], 1: ['1.variables.introVideo'] };
    expect(Object.fromEntries(checkFileMap(operations(courseFiles), map, 10))).toEqual({
      0: ['variables.thumbnail'],
      1: ['variables.introVideo'],
    });
  });

  it('refuses two spellings of the same path', () => {
    for (const [first, second] of [
      ['variables.thumbnail', '1.variables.thumbnail'],
      ['0.variables.thumbnail', 'variables.thumbnail'],
      ['0.variables.thumbnail', '1.variables.thumbnail'],
    ]) {
      expect(codeOf(() => checkFileMap(operations(courseFiles), { 0: [first], 1: [second] }, 10))).toBe('BAD_REQUEST');
    }
  });

  it.each(['00.variables.thumbnail', '1000.variables.thumbnail', '0.0.variables.thumbnail', '0.thumbnail', '0.query'])(
    'refuses %s',
    (path) => {
      expect(codeOf(() => checkFileMap(operations(courseFiles), { 0: [path] }, 10))).toBe('BAD_REQUEST');
    },
  );
});

describe('checkFileMap refuses', () => {
  it.each<[string, unknown, unknown]>([
    ['a path to a value that is not null', { file: 'x' }, { 0: ['variables.file'] }],
    ['a path to an object', { file: {} }, { 0: ['variables.file'] }],
    ['a path to an absent variable', {}, { 0: ['variables.file'] }],
    ['a path through a null', { file: null }, { 0: ['variables.file.name'] }],
    ['the variables themselves', null, { 0: ['variables'] }],
    ['a path outside the variables', { file: null }, { 0: ['query'] }],
    ['a path with an empty segment', { '': { file: null } }, { 0: ['variables..file.'] }],
    ['an empty path', { file: null }, { 0: [''] }],
    ['a path that begins with Variables', { file: null }, { 0: ['Variables.file'] }],
    ['a path through __proto__', {}, { 0: ['variables.__proto__.file'] }],
    ['the end of the prototype chain, which is null', {}, { 0: ['variables.__proto__.__proto__'] }],
    ['a path through constructor', {}, { 0: ['variables.constructor.prototype'] }],
    ['a path to a method', { file: null }, { 0: ['variables.toString'] }],
    ['the length of a list', { files: [null] }, { 0: ['variables.files.length'] }],
    ['an index beyond the end of the list', { files: [null] }, { 0: ['variables.files.1'] }],
    ['a huge index', { files: [null] }, { 0: ['variables.files.4294967294'] }],
    [
      'an index of 1000, although the list is that long',
      { files: Array(1001).fill(null) },
      { 0: ['variables.files.1000'] },
    ],
    ['an index with a leading zero', { files: [null] }, { 0: ['variables.files.00'] }],
    ['a negative index', { files: [null] }, { 0: ['variables.files.-1'] }],
    ['the same path twice', { file: null }, { 0: ['variables.file'], 1: ['variables.file'] }],
    ['the same path twice in one entry', { file: null }, { 0: ['variables.file', 'variables.file'] }],
    ['an entry that is not a list', { file: null }, { 0: 'variables.file' }],
    ['an entry that is null', { file: null }, { 0: null }],
    ['a path that is not text', { file: null }, { 0: [{ toString: 'variables.file' }] }],
  ])('%s', (_what, variables, map) => {
    expect(codeOf(() => checkFileMap(operations(variables), map, 10))).toBe('BAD_REQUEST');
  });

  it('a path with more than the allowed levels', () => {
    const deep = (levels: number): unknown => (levels === 0 ? null : { a: deep(levels - 1) });
    const path = (levels: number): string => `variables${'.a'.repeat(levels)}`;
    expect(checkFileMap(operations(deep(15)), { 0: [path(15)] }, 10).size).toBe(1);
    expect(codeOf(() => checkFileMap(operations(deep(16)), { 0: [path(16)] }, 10))).toBe('BAD_REQUEST');
  });

  it('one file for two paths', () => {
    const map = { 0: ['variables.a', 'variables.b'] };
    expect(codeOf(() => checkFileMap(operations({ a: null, b: null }), map, 10))).toBe('BAD_USER_INPUT');
  });

  it('more files than a request may carry, before it checks their paths', () => {
    const map = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [String(i), ['nowhere']]));
    expect(codeOf(() => checkFileMap(operations({}), map, 10))).toBe('TOO_MANY_FILES');
    expect(codeOf(() => checkFileMap(operations({}), map, 11))).toBe('BAD_REQUEST');
  });

  it('a very long map with a short message', () => {
    const long = 'x'.repeat(100_000);
    try {
      checkFileMap(operations({}), { [long]: [`variables.${long}`] }, 10);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(500);
    }
  });
});

describe('checkFileMap, for any map and operations,', () => {
  const segment = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('a', 'b', '0') },
    { weight: 2, arbitrary: fc.constantFrom('variables', '1', '999', '1000', '4294967294', '-1', 'length', '') },
    { weight: 2, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString') },
    { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
  );
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((names) => ['variables', ...names].join('.'));
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.constantFrom(0, 'x', true),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(segment, tie('node'), { minKeys: 1, maxKeys: 4 }),
    ),
  })).node;
  const entry = fc.oneof({ weight: 9, arbitrary: fc.array(path, { minLength: 1, maxLength: 2 }) }, fc.jsonValue());
  const map = fc.dictionary(fc.constantFrom('0', '1', '__proto__', 'x'), entry, { minKeys: 1, maxKeys: 4 });

  /** The value at a path, by own properties only, as JSON.parse makes them. */
  function at(root: unknown, dotted: string): unknown {
    return dotted.split('.').reduce<unknown>((holder, name) => {
      if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
      return (holder as Record<string, unknown>)[name];
    }, root);
  }

  /** The paths of all nulls: every place where a file may go. */
  function nullsIn(node: unknown, dotted: string): string[] {
    if (node === null) return [dotted];
    if (typeof node !== 'object') return [];
    return Object.entries(node).flatMap(([name, child]) => nullsIn(child, `${dotted}.${name}`));
  }

  it('refuses with a LecternError, or returns each path to a null in the variables once', () => {
    let accepted = 0;
    const rightPicks = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 3 });
    fc.assert(
      fc.property(value, rightPicks, fc.option(map), (node, picks, wrong) => {
        // Through JSON, so that `__proto__` is an own property, as in a request.
        const root = parsed(JSON.stringify(operations({ file: null, node })));
        const places = nullsIn((root as { variables: unknown }).variables, 'variables');
        const right = picks.map((pick, i) => [`p${i}`, [places[pick % places.length]]]);
        const wanted = parsed(JSON.stringify({ ...Object.fromEntries(right), ...wrong }));
        const before = JSON.stringify(root);
        let files: ReadonlyMap<string, readonly string[]>;
        try {
          files = checkFileMap(root, wanted, 3);
        } catch (error) {
          expect(error).toBeInstanceOf(LecternError);
          return;
        }
        const paths = [...files.values()].flat();
        for (const one of paths) {
          expect(one.startsWith('variables.')).toBe(true);
          expect(at(root, one)).toBeNull();
        }
        expect(new Set(paths).size).toBe(paths.length);
        expect(files.size).toBeLessThanOrEqual(3);
        if (paths.length > 0) accepted += 1;
        expect(JSON.stringify(root)).toBe(before);
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
