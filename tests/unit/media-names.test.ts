import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dispositionHeader, displayName, keyName } from '../../src/media/content/names.js';
import { isObjectKey } from '../../src/storage/object-key.js';

/** Hostile file names. */
const hostileName = fc
  .array(
    fc.oneof(
      fc.constantFrom('.', ' ', '/', '\\', '\0', '\r\n', '"', ':', '*', '?', '|', '<', '%2f', 'e', '\u0301', '\u200d'),
      fc.constantFrom(
        '\u202e',
        '\ufeff',
        '\u2028',
        '\u0085',
        '\ud800',
        '\udfff',
        '😀',
        '数',
        'CON',
        'nul',
        '.mp4',
        '-',
        '_',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

describe('displayName', () => {
  it.each([
    ['lesson.mp4', 'lesson.mp4'],
    ['Übung 1.mp4', 'Übung 1.mp4'],
    ['U\u0308bung.mp4', 'Übung.mp4'],
    ['数学.mp4', '数学.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\film.mp4', 'film.mp4'],
    ['.htaccess', 'htaccess'],
    ['..', 'file'],
    ['', 'file'],
    ['folder/', 'file'],
    ['film.mp4. .', 'film.mp4'],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['a\u0000b\r\nc.mp4', 'abc.mp4'],
    ['what? "this": a|b<c>*.mp4', 'what_ _this__ a_b_c__.mp4'],
    ['con', '_con'],
    ['LPT1.txt', '_LPT1.txt'],
    ['console.txt', 'console.txt'],
    ['com¹.txt', '_com¹.txt'],
    ['CONOUT$', '_CONOUT$'],
    ['nul .txt', '_nul .txt'],
    ['a.png      .exe', 'a.png .exe'],
    ['two\u3000wide\u00a0gaps', 'two wide gaps'],
    ['a\u115f\u3164\u034f\ufe0f\u{e0041}b.mp4', 'ab.mp4'],
    ['..%2f..%5cx.mp4', '_2f.._5cx.mp4'],
    ['100% right.mp4', '100% right.mp4'],
    ['\ud800.mp4', 'mp4'],
    ['. hidden', 'hidden'],
    ['e\u200d\u0301.mp4', 'é.mp4'],
    [`${'x'.repeat(254)}. y`, 'x'.repeat(254)],
  ])('of %j is %j', (given, expected) => {
    expect(displayName(given)).toBe(expected);
  });

  it('is cut at 255 bytes, between characters, and keeps the extension', () => {
    const shown = displayName(`${'数'.repeat(200)}.mp4`);
    expect(shown).toBe(`${'数'.repeat(83)}.mp4`);
    expect(displayName('😀'.repeat(100))).toBe('😀'.repeat(63));
    expect(displayName(`a.${'x'.repeat(300)}`)).toHaveLength(255);
  });

  it('is safe as a file name for any input', () => {
    fc.assert(
      fc.property(hostileName, (given) => {
        const shown = displayName(given);
        expect(shown).not.toBe('');
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(255);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}<>:"/\\|?*]|%[0-9a-f]{2}/iu);
        expect(shown).not.toMatch(/^[. ]|[. ]$/);
        expect(shown).not.toMatch(/^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i);
        expect(shown.normalize('NFC')).toBe(shown);
        expect(displayName(shown)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  it('can be written into a Content-Disposition header for any input', () => {
    fc.assert(
      fc.property(hostileName, (given) => {
        const header = dispositionHeader('attachment', displayName(given));
        expect(header).toMatch(/^attachment; filename/);
        // Printable ASCII only: the header cannot be split.
        expect(header).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('keyName', () => {
  it.each([
    ['Lesson 1 (final).mp4', 'lesson-1-final'],
    ['Crème brûlée.jpg', 'cre-me-bru-le-e'],
    ['数学.mp4', 'file'],
    ['.mp4', 'file'],
    ['a.b.c.mp4', 'a-b-c'],
    ['--- x ---', 'x'],
    ['x'.repeat(100), 'x'.repeat(60)],
  ])('of %j begins with %j', (given, slug) => {
    expect(keyName(given, 'mp4')).toMatch(new RegExp(`^${slug}-[a-z0-9]{8}\\.mp4$`));
  });

  it('is unique and valid in a key on every storage, for any file name', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(hostileName, (given) => {
        const name = keyName(given, 'mp4');
        expect(isObjectKey(`videos/owner/${name}`)).toBe(true);
        expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*-[a-z0-9]{8}\.mp4$/);
        expect(name.length).toBeLessThanOrEqual(60 + 1 + 8 + 4);
        expect(seen.has(name)).toBe(false);
        seen.add(name);
      }),
      { numRuns: 1_000 },
    );
  });
});
