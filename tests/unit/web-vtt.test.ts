import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captionConversion } from '../../src/media/content/captions.js';

/** Returns what is stored of captions that arrive in pieces of `pieceBytes`; throws the refusal. */
function stored(content: string | Uint8Array, pieceBytes = Infinity): string {
  const bytes = Buffer.from(content);
  const conversion = captionConversion(bytes.subarray(0, 4_100));
  if (!conversion) return 'neither';
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(Buffer.from(conversion.chunk(bytes.subarray(at, at + pieceBytes))));
  }
  pieces.push(conversion.end());
  return Buffer.concat(pieces).toString('utf8');
}

/** The error message for captions, or null. WebVTT in UTF-8 must be stored unchanged. */
function refusalOf(content: string | Uint8Array, pieceBytes = Infinity): string | null {
  try {
    const kept = stored(content, pieceBytes);
    if (kept === 'neither') return kept;
    expect(kept).toBe(Buffer.from(content).toString('utf8'));
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

describe('a WebVTT time line', () => {
  it.each([
    '00:00.000 --> 00:00.001',
    '00:00:00.000 --> 00:00.001',
    '59:59.999 --> 01:00:00.000',
    '99:59:59.999 --> 100:00:00.000',
    '00:01.000 \t --> \t 00:02.000',
    '00:01.000 --> 00:02.000 align:start position:10%,line-left size:35%',
    ' 00:01.000 --> 00:02.000 ',
    // Not allowed for authors, but browsers accept them.
    '0:00:01.000 --> 0:00:02.000',
    '00:01.000-->00:02.000',
    '00:00.000 --> 00:00.000',
    '00:02.000 --> 00:01.999',
    '01:00:00.000 --> 59:59.999',
    '00:01.000 --> 00:02.000align:start',
  ])('is accepted: %j', (times) => {
    expect(refusalOf(cue(times))).toBeNull();
  });

  it.each([
    '0:01.000 --> 00:02.000',
    '00:1.000 --> 00:02.000',
    '00:01.00 --> 00:02.000',
    '00:01.0000 --> 00:02.000',
    '00:60.000 --> 01:01.000',
    '60:00.000 --> 61:00.000',
    '00:01,000 --> 00:02,000',
    '00:01.000 --> ',
    '00:01.000 -> 00:02.000 -->',
    '--> 00:02.000',
    'a --> b',
    '-00:01.000 --> 00:02.000',
  ])('is refused: %j', (times) => {
    expect(refusalOf(cue(times))).toMatch(/Line 3 /);
  });

  it('is accepted with any two times', () => {
    const time = fc.integer({ min: 0, max: 500 * 3_600_000 });
    fc.assert(
      fc.property(time, time, fc.boolean(), (from, to, withHours) => {
        const refusal = refusalOf(cue(`${timestamp(from, withHours)} --> ${timestamp(to, withHours)}`));
        expect(refusal).toBeNull();
      }),
    );
  });
});

describe('the WebVTT header', () => {
  it.each(['WEBVTT', 'WEBVTT\n', 'WEBVTT \n', 'WEBVTT\tremark\n', '\uFEFFWEBVTT\r\n', 'WEBVTT\r', 'WEBVTT\n\n\n'])(
    'is accepted: %j',
    (text) => {
      expect(refusalOf(text)).toBeNull();
    },
  );

  it.each(['\n', 'WEBVT', 'WEBVTTT', 'WEBVTT-', ' WEBVTT', '\uFEFF\uFEFFWEBVTT', 'webvtt', 'WEB\nVTT'])(
    'is refused: %j',
    (text) => {
      expect(refusalOf(text)).toBe('neither');
    },
  );
});

describe('the encoding of WebVTT', () => {
  it.each([
    ['Latin-1', Buffer.from('WEBVTT\n\nNOTE Übung\n', 'latin1')],
    ['an encoded surrogate', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xed, 0xa0, 0x80])],
    ['an overlong form', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xc0, 0xaf])],
    ['half a character at the end', Buffer.from([...Buffer.from('WEBVTT\n\n'), 0xf0, 0x9f, 0x8e])],
  ])('is refused: %s', (_what, bytes) => {
    expect(refusalOf(bytes)).toMatch(/UTF-8/);
  });
});

describe('a WebVTT block that is not a cue', () => {
  it.each([
    'NOTE\n1 --> 2\n',
    'NOTE a --> b\n',
    'NOTE\n\n00:01.000 --> 00:02.000\nText\n',
    'STYLE\n::cue(b) { color: red }\n',
    'REGION\nid:a\nlines:3\n',
  ])('is accepted anywhere: %j', (block) => {
    expect(refusalOf(`WEBVTT\n\n${block}\n00:01.000 --> 00:02.000\nText\n`)).toBeNull();
  });

  it('ends at an empty line', () => {
    expect(refusalOf('WEBVTT\n\nNOTE\nfine\n\n2 --> 1\n')).toMatch(/Line 6 /);
  });

  it('needs its exact keyword: NOTES begins a cue', () => {
    expect(refusalOf('WEBVTT\n\nNOTES\n2 --> 1\n')).toMatch(/Line 4 /);
  });
});

describe('WebVTT in pieces of any size', () => {
  const samples = [
    '\uFEFFWEBVTT\r\n\r\nNOTE Übung 🎬\r\n\r\n00:01.000 --> 00:02.000\r\nΓειά\r\n',
    'WEBVTT\r\r00:01.000 --> 00:02.000\rText\r',
    'WEBVTT\n\n00:01.000 --> 00:00.500\nText\n',
    'WEBVTT\r\n\r\nNOTE\r\na --> b\r\n\r\n1 --> 2\r\n',
  ];

  it.each(samples)('is treated like the whole file: %j', (text) => {
    const whole = refusalOf(text);
    for (let size = 1; size <= 12; size++) expect([size, refusalOf(text, size)]).toEqual([size, whole]);
  });

  it('is refused when a line is too long to be held in memory', () => {
    const check = captionConversion(Buffer.from('WEBVTT\n\n'))!;
    check.chunk(Buffer.from('WEBVTT\n\n'));
    const piece = Buffer.alloc(64 * 1024, 'x');
    expect(() => {
      for (let i = 0; i < 16; i++) check.chunk(piece);
    }).toThrow(/more than 100000 characters/);
  });
});

describe('WebVTT in UTF-16 with a byte order mark', () => {
  const TEXT = 'WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nÜbung 🎬\r\n';
  const SMALL_END = Buffer.from(`\ufeff${TEXT}`, 'utf16le');

  it.each([
    ['little-endian', SMALL_END],
    ['big-endian', Buffer.from(SMALL_END).swap16()],
  ])('is stored as UTF-8: %s', (_which, bytes) => {
    const expected = TEXT.replaceAll('\r\n', '\n');
    for (const size of [1, 2, 3, 7, Infinity]) expect([size, stored(bytes, size)]).toEqual([size, expected]);
  });

  it('is refused with the number of a wrong line, and when half a character is missing', () => {
    const wrong = Buffer.from('\ufeffWEBVTT\n\n00:01.000 --> soon\n', 'utf16le');
    expect(refusalOf(wrong)).toMatch(/Line 3 /);
    expect(refusalOf(SMALL_END.subarray(0, -1))).toMatch(/UTF-16/);
    expect(refusalOf(SMALL_END.subarray(2))).toBe('neither');
  });
});

describe('SubRip captions', () => {
  const cues = (text: string): string => stored(text).replace('WEBVTT\n\n', '');

  it('are converted to WebVTT', () => {
    const text =
      '1\n00:00:01,000 --> 00:00:02,500\nThis is <i>the</i> bowline.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\nlines\n';
    const expected =
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nThis is <i>the</i> bowline.\n\n00:00:03.000 --> 00:00:04.000\nTwo\nlines\n\n';
    for (const size of [1, 2, 3, 7, Infinity]) expect([size, stored(text, size)]).toEqual([size, expected]);
    expect(stored(Buffer.from(`\ufeff${text}`, 'utf16le'))).toBe(expected);
    expect(refusalOf(expected)).toBeNull();
  });

  it.each([
    ['no counters', '00:00:01,000 --> 00:00:02,000\nA\n'],
    ['a byte order mark and empty lines at the beginning', '\ufeff\r\n\r\n1\r\n00:00:01,000 --> 00:00:02,000\r\nA\r\n'],
    ['full stops in the times', '1\n00:00:01.000 --> 00:00:02.000\nA'],
    ['hours of one digit and no spaces', '1\n0:00:01,000-->0:00:02,000\nA'],
    ['too few digits', '1\n0:0:1,0 --> 0:0:2\nA'],
    ['spaces in the times', '1\n00:00:01, 000 --> 00: 00:02,000\nA'],
    ['coordinates', '1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:1 Y2:2\nA'],
    ['positions', '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}{\\pos(1,2)}A'],
    ['an empty line after the times', '1\n00:00:01,000 --> 00:00:02,000\n\n \nA\n\n'],
    ['a counter at the end', '1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n'],
    ['a font tag', '1\n00:00:01,000 --> 00:00:02,000\n<font color="#fff">A</font>'],
  ])('are read with %s', (_fault, text) => {
    expect(cues(text)).toBe('00:00:01.000 --> 00:00:02.000\nA\n\n');
  });

  it('keep a subtitle that is a number, and may lack the empty line between cues', () => {
    const text = '1\n00:00:01,000 --> 00:00:02,000\n42\n2\n00:00:03,000 --> 00:00:04,000\n7';
    expect(cues(text)).toBe('00:00:01.000 --> 00:00:02.000\n42\n\n00:00:03.000 --> 00:00:04.000\n7\n\n');
  });

  it.each([
    ['Rabbit & hole, 1 < 2.', 'Rabbit &amp; hole, 1 &lt; 2.'],
    ['R&amp;D &lt; &#8364; &copy; &', 'R&amp;D &lt; &#8364; &amp;copy; &amp;'],
    ['<B>b</B> <u>u</u > <v Ada>', '<b>b</b> <u>u</u> &lt;v Ada>'],
    ['<script>', '&lt;script>'],
    ['{ not } a {\\code}', '{ not } a '],
  ])('have text escaped that would be a tag: %s', (text, expected) => {
    expect(cues(`1\n00:00:01,000 --> 00:00:02,000\n${text}`)).toBe(`00:00:01.000 --> 00:00:02.000\n${expected}\n\n`);
  });

  it('are refused with the number of a wrong line, and when they are not UTF-8', () => {
    const good = '1\n00:00:01,000 --> 00:00:02,000\nA\n\n';
    expect(() => stored(`${good}2\n00:00:03,000 --> soon\nB`)).toThrow(/Line 6 /);
    expect(() => stored(`${good}2\n00:00:61,000 --> 00:01:02,000\nB`)).toThrow(/Line 6 /);
    expect(() => stored(Buffer.from(`${good}Übung`, 'latin1'))).toThrow(/not UTF-8/);
  });

  it.each(['A\n1\n00:00:01,000 --> 00:00:02,000\n', '1\n2\n3', '00:01.000 --> 00:02.000\nA', '1', ''])(
    'are not recognised in %j',
    (text) => {
      expect(stored(text)).toBe('neither');
    },
  );

  it('become valid WebVTT for any text', () => {
    const character = fc.constantFrom(...Array.from('<>&;abi/ {}\\-\n\r1:,'));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 40 }), (text) => {
        fc.pre(!text.includes('-->'));
        expect(refusalOf(stored(`1\n00:00:01,000 --> 00:00:02,000\n${text}`))).toBeNull();
      }),
    );
  });
});
