import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyName } from '../../src/media/content/names.js';
import { assertObjectKey, encodeKeyForUrl, InvalidObjectKeyError, isObjectKey } from '../../src/storage/object-key.js';

describe('an object key', () => {
  test.each([
    'videos/018f2f4e-7b1c-7a3e-9c55-0c0f4b0c8a11/lesson-a1b2c3d4.mp4',
    'course-thumbnails/1/t.jpg',
    "a/b/it's (1) final.mp4",
    'a/b/c..',
    `a/b/${'n'.repeat(255)}`,
    'а/б/видео.mp4',
  ])('accepts %j', (key) => {
    expect(isObjectKey(key)).toBe(true);
  });

  test.each([
    ['empty', ''],
    ['one segment', 'a'],
    ['two segments', 'a/b'],
    ['four segments', 'a/b/c/d'],
    ['absolute', '/a/b/c'],
    ['a folder', 'a/b/'],
    ['with an empty segment', 'a//c'],
    ['with a dot segment', 'a/./c'],
    ['with a parent segment', '../b/c'],
    ['a hidden file', 'a/b/.c'],
    ['with NUL', 'a/b/c\0.mp4'],
    ['with a line break', 'a/b/c\r\nd'],
    ['with DEL', 'a/b/c\x7f'],
    ['with a C1 control', 'a/b/c\x85'],
    ['with a backslash', 'a/b/c\\..\\d'],
    ['percent-encoded', 'a/b/%2e%2e'],
    ['with a lone surrogate', 'a/b/\ud800'],
    ['with a segment over 255 bytes', `a/b/${'n'.repeat(256)}`],
    ['with a segment over 255 bytes of UTF-8', `a/b/${'ü'.repeat(128)}`],
    ['over 1024 bytes', `a/b/${'n'.repeat(1024)}`],
  ])('refuses a key: %s', (_, key) => {
    expect(isObjectKey(key)).toBe(false);
    expect(() => {
      assertObjectKey(key);
    }).toThrow(InvalidObjectKeyError);
  });

  test('stays inside the folder it is resolved in, and survives URL encoding', () => {
    const piece = fc.constantFrom('.', '..', '/', '\\', '%', '%2e', '%2f', '\0', 'a', 'b', ' ', 'é', '~', ':');
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    const candidate = fc.tuple(text, text, text).map((segments) => segments.join('/'));
    fc.assert(
      fc.property(fc.oneof(text, candidate), (key) => {
        if (!isObjectKey(key)) return;
        const resolved = path.resolve('/files', key);
        expect(resolved).toBe(`/files/${key}`);
        expect(decodeURIComponent(encodeKeyForUrl(key))).toBe(key);
        expect(new URL(`http://host/files/${encodeKeyForUrl(key)}`).pathname).toBe(`/files/${encodeKeyForUrl(key)}`);
      }),
      { numRuns: 2000 },
    );
  });

  test('of an upload is valid for any file name, and no other upload has the same path', () => {
    const id = fc.uuid();
    fc.assert(
      fc.property(
        id,
        id,
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme' }),
        (owner, other, name, another) => {
          const key = `videos/${owner}/${keyName(name, 'mp4')}`;
          expect(isObjectKey(key)).toBe(true);
          expect(key.split('/')).toHaveLength(3);
          // Neither path equals or contains the other, even on a file system that ignores case.
          const second = `videos/${other}/${keyName(another, 'mp4')}`;
          expect(second.toLowerCase().startsWith(key.toLowerCase())).toBe(false);
          expect(path.resolve('/files', key).startsWith('/files/videos/')).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
