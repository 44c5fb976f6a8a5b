import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webVttCheck } from '../../src/media/content/web-vtt.js';

/** Puts bytes through the check, cut into pieces of so many bytes. Returns the refusal, or null. */
function refusalOf(content: string | Uint8Array, pieceBytes = Infinity): string | null {
  const bytes = Buffer.from(content);
  const check = webVttCheck();
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) check.chunk(bytes.subarray(at, at + pieceBytes));
    check.end();
    return null;
  } catch (error) {
    expect(error).toMatchObject({ name: 'LecternError', code: 'UNSUPPORTED_MEDIA_TYPE' });
    return (error as Error).message;
  }
}

const pad = (value: number, length: number): string => String(value).padStart(length, '0');

function timestamp(milliseconds: number, withHours = true): string {
  const [hours, minutes] = [Math.floor(milliseconds / 3_600_000), Math.floor(milliseconds / 60_000) % 60];
  const rest = `${pad(minutes, 2)}:${pad(Math.floor(milliseconds / 1_000) % 60, 2)}.${pad(milliseconds % 1_000, 3)}`;
  return withHours || hours > 0 ? `${pad(hours, 2)}:${rest}` : rest;
}

const cue = (times: string): string => `WEBVTT\n\n${times}\nText\n`;

describe('a time line', () => {
  it.each([
    '00:00.000 --> 00:00.001',
    '00:00:00.000 --> 00:00.001',
    '59:59.999 --> 01:00:00.000',
    '99:59:59.999 --> 100:00:00.000',
    '00:01.000 \t --> \t 00:02.000',
    '00:01.000 --> 00:02.000 align:start position:10%,line-left size:35%',
    ' 00:01.000 --> 00:02.000 ',
  ])('is taken: %j', (times) => {
    expect(refusalOf(cue(times))).toBeNull();
  });

  it.each([
    '00:00.000 --> 00:00.000',
    '00:02.000 --> 00:01.999',
    '01:00:00.000 --> 59:59.999',
    '0:01.000 --> 00:02.000',
    '00:1.000 --> 00:02.000',
    '00:01.00 --> 00:02.000',
    '00:01.0000 --> 00:02.000',
    '00:60.000 --> 01:01.000',
    '60:00.000 --> 61:00.000',
    '00:01,000 --> 00:02,000',
    '00:01.000-->00:02.000',
    '00:01.000 --> ',
    '--> 00:02.000',
    'a --> b',
    '00:01.000 --> 00:02.000align:start',
    '-00:01.000 --> 00:02.000',
  ])('is refused: %j', (times) => {
    expect(refusalOf(cue(times))).toMatch(/line 3/);
  });

  it('is right whenever it ends behind its beginning', () => {
    const time = fc.integer({ min: 0, max: 500 * 3_600_000 });
    fc.assert(
      fc.property(time, time, fc.boolean(), (from, to, withHours) => {
        const refusal = refusalOf(cue(`${timestamp(from, withHours)} --> ${timestamp(to, withHours)}`));
        expect(refusal === null).toBe(to > from);
      }),
    );
  });
});

describe('the header', () => {
  it.each(['WEBVTT', 'WEBVTT\n', 'WEBVTT \n', 'WEBVTT\tremark\n', '\uFEFFWEBVTT\r\n', 'WEBVTT\r', 'WEBVTT\n\n\n'])(
    'is taken: %j',
    (text) => {
      expect(refusalOf(text)).toBeNull();
    },
  );

  it.each(['', '\n', 'WEBVT', 'WEBVTTT', 'WEBVTT-', ' WEBVTT', '\uFEFF\uFEFFWEBVTT', 'webvtt', 'WEB\nVTT'])(
    'is refused: %j',
    (text) => {
      expect(refusalOf(text)).toMatch(/begin with WEBVTT/);
    },
  );
});

describe('the encoding', () => {
  it.each([
    ['Latin-1', Buffer.from('WEBVTT\n\nNOTE Übung\n', 'latin1')],
    ['a surrogate', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xed, 0xa0, 0x80])],
    ['an overlong form', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xc0, 0xaf])],
    ['half a character at the end', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xf0, 0x9f, 0x8e])],
  ])('is refused: %s', (_what, bytes) => {
    expect(refusalOf(bytes)).toMatch(/UTF-8/);
  });
});

describe('a block that is no cue', () => {
  it.each([
    'NOTE\n1 --> 2\n',
    'NOTE a --> b\n',
    'NOTE\n\n00:01.000 --> 00:02.000\nText\n',
    'STYLE\n::cue(b) { color: red }\n',
    'REGION\nid:a\nlines:3\n',
  ])('may stand anywhere: %j', (block) => {
    expect(refusalOf(`WEBVTT\n\n${block}\n00:01.000 --> 00:02.000\nText\n`)).toBeNull();
  });

  it('ends at an empty line', () => {
    expect(refusalOf('WEBVTT\n\nNOTE\nfine\n\n2 --> 1\n')).toMatch(/line 6/);
  });

  it('begins with a word of its own: NOTES is a cue name', () => {
    expect(refusalOf('WEBVTT\n\nNOTES\n2 --> 1\n')).toMatch(/line 4/);
  });
});

describe('the pieces that a file comes in', () => {
  const samples = [
    '\uFEFFWEBVTT\r\n\r\nNOTE Übung 🎬\r\n\r\n00:01.000 --> 00:02.000\r\nΓειά\r\n',
    'WEBVTT\r\r00:01.000 --> 00:02.000\rText\r',
    'WEBVTT\n\n00:01.000 --> 00:00.500\nText\n',
    'WEBVTT\r\n\r\nNOTE\r\na --> b\r\n\r\n1 --> 2\r\n',
  ];

  it.each(samples)('change nothing: %j', (text) => {
    const whole = refusalOf(text);
    for (let size = 1; size <= 12; size++) expect([size, refusalOf(text, size)]).toEqual([size, whole]);
  });

  it('a line without an end is refused before it fills the memory', () => {
    const check = webVttCheck();
    check.chunk(Buffer.from('WEBVTT\n\n'));
    const piece = Buffer.alloc(64 * 1024, 'x');
    expect(() => {
      for (let i = 0; i < 16; i++) check.chunk(piece);
    }).toThrow(/too long/);
  });
});
