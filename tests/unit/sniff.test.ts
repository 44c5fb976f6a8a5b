import { describe, expect, it } from 'vitest';
import { sniff } from '../../src/media/content/sniff.js';
import { slotRules, type MediaSlot } from '../../src/media/slots.js';
import { fixtures } from '../support/fixtures.js';
import { pdfFile, textFile, VTT, zipFile } from '../support/samples.js';

const rules = slotRules({ maxBytes: {}, urlTtlSeconds: { video: 900, image: 3_600 } });

/** What a slot makes of a file that begins so: its type and extension, or the code of the refusal. */
async function sniffed(slot: MediaSlot, head: Uint8Array | string): Promise<string> {
  try {
    const { contentType, extension } = await sniff(Buffer.from(head), rules[slot]);
    return `${contentType} ${extension}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const bytesOf = (file: { chunks(): Iterable<Uint8Array> }): Buffer => Buffer.concat([...file.chunks()]);
const SLOTS_OF: Record<string, readonly MediaSlot[]> = {
  video: ['VIDEO_FILE', 'COURSE_INTRO_VIDEO'],
  image: ['VIDEO_THUMBNAIL', 'COURSE_THUMBNAIL', 'IMAGE', 'VIDEO_RESOURCE'],
};
const ALL = Object.keys(rules) as MediaSlot[];

/** An MP4 by its `ftyp` box alone (ISO/IEC 14496-12, 4.3). */
function ftyp(brand: string): Buffer {
  const box = Buffer.alloc(32);
  box.writeUInt32BE(32, 0);
  box.write(`ftyp${brand}`, 4, 'latin1');
  box.write(`${brand}mp41`, 16, 'latin1');
  return box;
}

describe('a picture or a video', () => {
  it.each(Object.values(fixtures).map((sample) => [sample.filename, sample] as const))(
    'is what its bytes are, in every slot that takes it and in no other: %s',
    async (_name, { contentType, bytes, filename }) => {
      const takes = SLOTS_OF[contentType.split('/')[0] ?? ''] ?? [];
      const extension = filename.split('.').at(-1) ?? '';
      const head = bytes.subarray(0, 4_100);
      for (const slot of ALL.filter((name) => name !== 'VIDEO_CAPTION')) {
        const expected = takes.includes(slot) ? `${contentType} ${extension}` : 'UNSUPPORTED_MEDIA_TYPE';
        expect([slot, await sniffed(slot, head)]).toEqual([slot, expected]);
      }
    },
  );

  it('of Apple is an MP4 where it says M4V', async () => {
    expect(await sniffed('VIDEO_FILE', ftyp('M4V '))).toBe('video/mp4 mp4');
    expect(await sniffed('VIDEO_FILE', ftyp('isom'))).toBe('video/mp4 mp4');
    expect(await sniffed('VIDEO_FILE', ftyp('qt  '))).toBe('video/quicktime mov');
    expect(await sniffed('VIDEO_FILE', ftyp('M4A '))).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it('that moves is a PNG where it is an APNG', async () => {
    const { bytes } = fixtures.png;
    const control = Buffer.alloc(20);
    control.writeUInt32BE(8, 0);
    control.write('acTL', 4, 'latin1');
    const afterHeader = 8 + 25;
    const apng = Buffer.concat([bytes.subarray(0, afterHeader), control, bytes.subarray(afterHeader)]);
    expect(await sniffed('IMAGE', apng)).toBe('image/png png');
  });
});

describe('what is no picture and no video', () => {
  it.each<[string, Uint8Array | string]>([
    ['text', 'Hello'],
    ['HTML', '<!doctype html><p>Hi'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a PDF', bytesOf(pdfFile)],
    ['an archive', bytesOf(zipFile)],
    ['a TIFF', Buffer.from('49492a0008000000', 'hex')],
    ['a BMP', Buffer.from('424d460000000000000036000000', 'hex')],
    ['MP3', Buffer.from('494433040000000000', 'hex')],
    ['a program', Buffer.from('7f454c4602010100', 'hex')],
    ['one byte', 'x'],
    ['zeros', Buffer.alloc(4_100)],
  ])('is refused where those belong: %s', async (_what, head) => {
    for (const slot of ['VIDEO_FILE', 'COURSE_INTRO_VIDEO', 'IMAGE', 'COURSE_THUMBNAIL', 'VIDEO_THUMBNAIL'] as const) {
      expect([slot, await sniffed(slot, head)]).toEqual([slot, 'UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it('is EMPTY_FILE everywhere when there is nothing', async () => {
    for (const slot of ALL) expect([slot, await sniffed(slot, '')]).toEqual([slot, 'EMPTY_FILE']);
  });
});

describe('a resource', () => {
  it.each<[string, Uint8Array | string, string]>([
    ['PDF', bytesOf(pdfFile), 'application/pdf pdf'],
    ['ZIP', bytesOf(zipFile), 'application/zip zip'],
    ['text', bytesOf(textFile), 'text/plain txt'],
    ['text that only speaks of HTML', 'How to write <html>', 'text/plain txt'],
    ['a formula', 'a < b > c', 'text/plain txt'],
    ['Markdown', '# Title\n\n<b>bold</b>', 'text/plain txt'],
    ['HTML', '  <HTML>', 'UNSUPPORTED_MEDIA_TYPE'],
    ['XML', '<?xml version="1.0"?><a/>', 'UNSUPPORTED_MEDIA_TYPE'],
    ['a script', '#!/usr/bin/env node', 'UNSUPPORTED_MEDIA_TYPE'],
    ['a video', fixtures.video.bytes.subarray(0, 4_100), 'UNSUPPORTED_MEDIA_TYPE'],
  ])('%s', async (_what, head, expected) => {
    expect(await sniffed('VIDEO_RESOURCE', head)).toBe(expected);
  });

  it('that begins as text is checked to its end', async () => {
    const { check } = await sniff(bytesOf(textFile), rules.VIDEO_RESOURCE);
    check!.chunk(Buffer.from('more\ttext\f\r\n'));
    expect(() => check!.chunk(Buffer.from('and\u0000then\n'))).toThrow(/no known type/);
    const { check: other } = await sniff(bytesOf(textFile), rules.VIDEO_RESOURCE);
    expect(() => other!.chunk(Buffer.from([0xff, 0xfe]))).toThrow(/UTF-8/);
  });
});

describe('a caption', () => {
  it('is text whose check tells, whatever it begins with', async () => {
    expect(await sniffed('VIDEO_CAPTION', VTT)).toBe('text/vtt vtt');
    const { check } = await sniff(Buffer.from('1\n'), rules.VIDEO_CAPTION);
    expect(() => {
      check!.chunk(Buffer.from('1\n00:01'));
      check!.end();
    }).toThrow(/no WebVTT/);
    expect(await sniffed('VIDEO_CAPTION', fixtures.png.bytes)).toBe('UNSUPPORTED_MEDIA_TYPE');
  });
});
