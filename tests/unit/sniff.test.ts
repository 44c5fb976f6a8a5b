import { randomBytes } from 'node:crypto';
import mime from 'mime-types';
import { describe, expect, it } from 'vitest';
import { sniff } from '../../src/media/content/sniff.js';
import { slotRules, type MediaSlot } from '../../src/media/slots.js';
import { openXml, withMimetype, zipOf } from '../support/archives.js';
import { bytesOf, SOUND } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import { pdfFile, textFile, VTT, zipFile } from '../support/samples.js';

const rules = slotRules({ maxBytes: {}, urlTtlSeconds: { video: 900, image: 3_600 } });

/** Returns the type and extension that a slot gives to a file with this beginning, or the error code. */
async function sniffed(slot: MediaSlot, head: Uint8Array | string): Promise<string> {
  try {
    const { contentType, extension } = await sniff(Buffer.from(head), rules[slot]);
    return `${contentType} ${extension}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const SLOTS_OF: Record<string, readonly MediaSlot[]> = {
  video: ['VIDEO_FILE', 'COURSE_INTRO_VIDEO', 'VIDEO_RESOURCE'],
  image: ['VIDEO_THUMBNAIL', 'COURSE_THUMBNAIL', 'IMAGE', 'VIDEO_RESOURCE'],
};
const ALL = Object.keys(rules) as MediaSlot[];

/** An MP4 that consists of its `ftyp` box (ISO/IEC 14496-12, 4.3). */
function ftyp(major: string, ...compatible: string[]): Buffer {
  const box = Buffer.alloc(16 + 4 * compatible.length);
  box.writeUInt32BE(box.length, 0);
  box.write(`ftyp${major}`, 4, 'latin1');
  box.write(compatible.join(''), 16, 'latin1');
  // Bytes after the box are not brands.
  return Buffer.concat([box, Buffer.from('\0\0\0\x0cfreeisommp42avif', 'latin1')]);
}

describe('sniff: pictures and videos', () => {
  it.each(Object.values(fixtures).map((sample) => [sample.filename, sample] as const))(
    'returns the type in every slot that accepts it, and refuses it in every other: %s',
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

  it('recognises an M4V file as MP4', async () => {
    expect(await sniffed('VIDEO_FILE', ftyp('M4V ', 'M4V ', 'mp42'))).toBe('video/mp4 mp4');
    expect(await sniffed('VIDEO_FILE', ftyp('isom'))).toBe('video/mp4 mp4');
    expect(await sniffed('VIDEO_FILE', ftyp('qt  ', 'qt  ', 'mp42'))).toBe('video/quicktime mov');
  });

  it.each([
    ['3gp4', ['isom', '3gp4'], 'video/mp4 mp4'],
    ['3g2a', ['3g2a', 'mp41'], 'video/mp4 mp4'],
    ['MSNV', ['MSNV', 'mp42'], 'video/mp4 mp4'],
    ['XAVC', ['XAVC', 'avc1'], 'video/mp4 mp4'],
    ['3gp4', ['3gp4', '3gp5'], 'UNSUPPORTED_MEDIA_TYPE'],
    ['3gp4', [], 'UNSUPPORTED_MEDIA_TYPE'],
    ['crx ', ['crx ', 'isom'], 'UNSUPPORTED_MEDIA_TYPE'],
    ['heic', ['mif1', 'isom'], 'UNSUPPORTED_MEDIA_TYPE'],
  ])('of the major brand %s and the compatible brands %j gives %s', async (major, compatible, expected) => {
    expect(await sniffed('VIDEO_FILE', ftyp(major, ...compatible))).toBe(expected);
  });

  it.each([
    ['avif', ['mif1'], 'image/avif avif'],
    ['mif1', ['mif1', 'avif', 'miaf'], 'image/avif avif'],
    ['msf1', ['avis', 'isom'], 'image/avif avif'],
    ['mif1', ['mif1', 'heic'], 'UNSUPPORTED_MEDIA_TYPE'],
    ['mif1', [], 'UNSUPPORTED_MEDIA_TYPE'],
    ['heic', ['mif1', 'heic'], 'UNSUPPORTED_MEDIA_TYPE'],
  ])('of the picture brands %s, %j gives %s', async (major, compatible, expected) => {
    expect(await sniffed('IMAGE', ftyp(major, ...compatible))).toBe(expected);
  });

  it('recognises an animated PNG as PNG', async () => {
    const { bytes } = fixtures.png;
    const control = Buffer.alloc(20);
    control.writeUInt32BE(8, 0);
    control.write('acTL', 4, 'latin1');
    const afterHeader = 8 + 25;
    const apng = Buffer.concat([bytes.subarray(0, afterHeader), control, bytes.subarray(afterHeader)]);
    expect(await sniffed('IMAGE', apng)).toBe('image/png png');
  });
});

describe('sniff: audio', () => {
  it.each(SOUND.map(({ file, contentType }) => [file.filename, contentType, bytesOf(file)] as const))(
    'is accepted as a video file and as a resource, and in no other slot: %s',
    async (name, contentType, bytes) => {
      const head = bytes.subarray(0, 4_100);
      const expected = `${contentType} ${name.split('.').at(-1)!}`;
      for (const slot of ['VIDEO_FILE', 'VIDEO_RESOURCE'] as const) expect(await sniffed(slot, head)).toBe(expected);
      for (const slot of ['COURSE_INTRO_VIDEO', 'IMAGE', 'VIDEO_CAPTION'] as const) {
        expect(await sniffed(slot, head)).toBe('UNSUPPORTED_MEDIA_TYPE');
      }
    },
  );

  const [mp3] = SOUND.filter(({ file }) => file.filename === 'plain.mp3').map(({ file }) => bytesOf(file));
  const tag = (length: number): Buffer =>
    Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, length >> 7, length & 0x7f]), Buffer.alloc(length)]);

  it.each<[string, Buffer, string]>([
    ['a tag before the audio', Buffer.concat([tag(500), mp3!]), 'audio/mpeg mp3'],
    ['a gap after the tag', Buffer.concat([tag(500), Buffer.alloc(100), mp3!]), 'audio/mpeg mp3'],
    [
      'a tag longer than the bytes that are examined',
      Buffer.concat([tag(9_000), mp3!]).subarray(0, 4_100),
      'audio/mpeg mp3',
    ],
    ['a tag before a picture', Buffer.concat([tag(5), fixtures.png.bytes]), 'UNSUPPORTED_MEDIA_TYPE'],
    ['a tag before FLAC', Buffer.concat([tag(5), Buffer.from('fLaC'), Buffer.alloc(4_000)]), 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'one frame and then other bytes',
      Buffer.concat([mp3!.subarray(0, 96), Buffer.alloc(500)]),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['text in UTF-16', Buffer.from('\ufeffHello, and nothing else', 'utf16le'), 'UNSUPPORTED_MEDIA_TYPE'],
  ])('recognises MP3, or refuses it, with %s', async (_what, head, expected) => {
    expect(await sniffed('VIDEO_FILE', head)).toBe(expected);
  });

  it('recognises text that begins with ID3 as text', async () => {
    expect(await sniffed('VIDEO_RESOURCE', 'ID3 is how MP3 files are tagged.')).toBe('text/plain txt');
  });
});

describe('sniff: files that are neither pictures nor videos', () => {
  it.each<[string, Uint8Array | string]>([
    ['text', 'Hello'],
    ['HTML', '<!doctype html><p>Hi'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a PDF', bytesOf(pdfFile)],
    ['an archive', bytesOf(zipFile)],
    ['a TIFF', Buffer.from('49492a0008000000', 'hex')],
    ['a BMP', Buffer.from('424d460000000000000036000000', 'hex')],
    ['a tag without audio', Buffer.from('494433040000000000', 'hex')],
    ['a program', Buffer.from('7f454c4602010100', 'hex')],
    ['one byte', 'x'],
    ['zeros', Buffer.alloc(4_100)],
  ])('are refused in picture and video slots: %s', async (_what, head) => {
    for (const slot of ['VIDEO_FILE', 'COURSE_INTRO_VIDEO', 'IMAGE', 'COURSE_THUMBNAIL', 'VIDEO_THUMBNAIL'] as const) {
      expect([slot, await sniffed(slot, head)]).toEqual([slot, 'UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it('are refused as EMPTY_FILE in every slot when they are empty', async () => {
    for (const slot of ALL) expect([slot, await sniffed(slot, '')]).toEqual([slot, 'EMPTY_FILE']);
  });
});

describe('sniff: resources', () => {
  it.each<[string, Uint8Array | string, string]>([
    ['PDF', bytesOf(pdfFile), 'application/pdf pdf'],
    ['ZIP', bytesOf(zipFile), 'application/zip zip'],
    ['text', bytesOf(textFile), 'text/plain txt'],
    ['text that mentions HTML', 'How to write <html>', 'text/plain txt'],
    ['a formula', 'a < b > c', 'text/plain txt'],
    ['Markdown', '# Title\n\n<b>bold</b>', 'text/plain txt'],
    ['HTML', '  <HTML>', 'UNSUPPORTED_MEDIA_TYPE'],
    ['XML', '<?xml version="1.0"?><a/>', 'UNSUPPORTED_MEDIA_TYPE'],
    ['a script', '#!/usr/bin/env node', 'text/plain txt'],
    ['a video', fixtures.video.bytes.subarray(0, 4_100), 'video/mp4 mp4'],
    [
      'an OpenDocument text',
      withMimetype('application/vnd.oasis.opendocument.text'),
      'application/vnd.oasis.opendocument.text odt',
    ],
    ['an EPUB book', withMimetype('application/epub+zip'), 'application/epub+zip epub'],
    ['a ZIP with an unknown mimetype entry', withMimetype('application/epub+zip+own'), 'application/zip zip'],
    ['a Word document with macros', openXml('docm'), 'UNSUPPORTED_MEDIA_TYPE'],
    ['a Java archive', zipOf({ 'META-INF/MANIFEST.MF': 'Main-Class: A' }), 'UNSUPPORTED_MEDIA_TYPE'],
  ])('%s', async (_what, head, expected) => {
    expect(await sniffed('VIDEO_RESOURCE', head)).toBe(expected);
  });

  it.each(['docx', 'pptx', 'xlsx'])('recognises Office Open XML by its [Content_Types].xml: %s', async (extension) => {
    const type = mime.lookup(extension) as string;
    expect(await sniffed('VIDEO_RESOURCE', openXml(extension))).toBe(`${type} ${extension}`);
    const claims = { declaredType: '', filename: `a.${extension}` };
    const padding = randomBytes(20_000).toString('hex');
    // The list may be after the bytes that are examined: then the file name says what to look for.
    for (const bytes of [openXml(extension, 'last'), openXml(extension, 'last', padding)]) {
      for (const pieces of [1_000, 33, bytes.length]) {
        const { contentType, check } = await sniff(bytes.subarray(0, 4_100), rules.VIDEO_RESOURCE, claims);
        expect(contentType).toBe(type);
        for (let at = 0; at < bytes.length; at += pieces) check?.chunk(bytes.subarray(at, at + pieces));
        check?.end();
      }
    }
  });

  it.each<[string, Buffer]>([
    ['an archive of other files', zipOf({ 'a.txt': randomBytes(3_000).toString('hex') })],
    ['an Excel workbook', openXml('xlsx', 'last', randomBytes(20_000).toString('hex'))],
    ['a Word document with macros', openXml('docm', 'last', randomBytes(20_000).toString('hex'))],
    [
      'the name of the list in another entry',
      zipOf({ 'a.txt': randomBytes(3_000).toString('hex'), mimetype: '[Content_Types].xml' }),
    ],
  ])('refuses a file named .docx that is %s', async (_what, bytes) => {
    const claims = { declaredType: 'application/octet-stream', filename: 'handout.docx' };
    const { check } = await sniff(bytes.subarray(0, 4_100), rules.VIDEO_RESOURCE, claims);
    check!.chunk(bytes);
    expect(() => check!.end()).toThrow('The content is application/zip, but its name ends in .docx.');
  });

  it('says in the error how to upload a refused file', async () => {
    const refused = (head: string | Buffer) => sniff(Buffer.from(head), rules.VIDEO_RESOURCE);
    await expect(refused('<!doctype html>')).rejects.toThrow(/^The content is markup .* put it in a ZIP archive\.$/);
    await expect(refused('\x7fELF\x02\x01\x01\0')).rejects.toThrow(/x-elf; accepted are .* put it in a ZIP archive\.$/);
    await expect(sniff(Buffer.from('<html>'), rules.IMAGE)).rejects.toThrow(/^((?!ZIP).)*$/);
  });

  it('checks text up to its end', async () => {
    const { check } = await sniff(bytesOf(textFile), rules.VIDEO_RESOURCE);
    check!.chunk(Buffer.from('more\ttext\f\r\n'));
    expect(() => check!.chunk(Buffer.from('and\u0000then\n'))).toThrow(/type of the content is not known/);
    const { check: other } = await sniff(bytesOf(textFile), rules.VIDEO_RESOURCE);
    expect(() => other!.chunk(Buffer.from([0xff, 0xfe]))).toThrow(/UTF-8/);
  });
});

describe('sniff: captions', () => {
  it('accepts WebVTT and SubRip only', async () => {
    expect(await sniffed('VIDEO_CAPTION', VTT)).toBe('text/vtt vtt');
    expect(await sniffed('VIDEO_CAPTION', '1\n00:00:01,000 --> 00:00:02,000\nHi')).toBe('text/vtt vtt');
    const refused = sniff(Buffer.from('Hello'), rules.VIDEO_CAPTION);
    await expect(refused).rejects.toThrow('The captions are neither WebVTT nor SubRip.');
    expect(await sniffed('VIDEO_CAPTION', fixtures.png.bytes)).toBe('UNSUPPORTED_MEDIA_TYPE');
  });
});
