import { describe, expect, it } from 'vitest';
import { changeOf, clearable, given, trimmed } from '../../src/catalog/input-values.js';

describe('given', () => {
  it('keeps fields with a value, including falsy values', () => {
    const fields = { a: 'x', b: null, c: undefined, d: 0, e: false, f: '', g: [] };
    expect(given(fields)).toEqual({ a: 'x', d: 0, e: false, f: '', g: [] });
    expect(Object.keys(given(fields))).toEqual(['a', 'd', 'e', 'f', 'g']);
    expect(given({})).toEqual({});
  });
});

describe('trimmed', () => {
  it.each([
    [' a b ', 'a b'],
    ['\u00a0\t\na\u2003', 'a'],
    ['a', 'a'],
    ['', undefined],
    [' \n\u00a0 ', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('of %j is %j', (text, expected) => {
    expect(trimmed(text)).toBe(expected);
  });
});

describe('clearable', () => {
  it.each([
    [undefined, undefined],
    [null, null],
    ['', null],
    ['  ', null],
    [' a ', 'a'],
  ])('of %j is %j', (text, expected) => {
    expect(clearable(text)).toBe(expected);
  });
});

describe('changeOf', () => {
  it('sets values, unsets nulls and leaves absent fields alone', () => {
    const change = changeOf({ title: 'New', description: null, level: undefined, count: 0, isPreview: false });
    expect(change).toEqual({ $set: { title: 'New', count: 0, isPreview: false }, $unset: { description: 1 } });
    expect(Object.keys(change.$set)).not.toContain('level');
    expect(Object.keys(change.$unset)).toEqual(['description']);
  });

  it('of an object without values is empty', () => {
    expect(changeOf({})).toEqual({ $set: {}, $unset: {} });
    expect(changeOf({ a: undefined })).toEqual({ $set: {}, $unset: {} });
  });
});
