import { describe, expect, it } from 'vitest';
import { PolyglotCheck } from '../../src/media/content/polyglot-check.js';
import { bytesOf } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import { zipFile } from '../support/samples.js';

const zip = bytesOf(zipFile);

function passes(contents: 'pictures' | 'other', chunks: Iterable<Uint8Array>): boolean {
  const check = new PolyglotCheck(contents);
  try {
    for (const chunk of chunks) {
      // A check must copy what it keeps: the memory of a chunk is freed.
      const given = Buffer.from(chunk);
      check.chunk(given);
      given.fill(0);
    }
    check.end();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    return false;
  }
}

function* inPieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe('the check for polyglot files', () => {
  it.each([1, 2, 3, 7, 31, 32, 33, 1_000])(
    'finds a web page and an archive in a picture that arrives in pieces of %i bytes',
    (length) => {
      const page = Buffer.concat([fixtures.png.bytes, Buffer.from('<!DOCTYPE   html><p>Hi'), fixtures.png.bytes]);
      const archive = Buffer.concat([fixtures.png.bytes, zip]);
      expect(passes('pictures', inPieces(fixtures.png.bytes, length))).toBe(true);
      expect(passes('pictures', inPieces(page, length))).toBe(false);
      expect(passes('pictures', inPieces(archive, length))).toBe(false);
      expect(passes('other', inPieces(archive, length))).toBe(false);
    },
  );

  it('finds an archive with a comment of the maximum length, and ignores a longer one', () => {
    const remark = (length: number): Buffer => {
      const bytes = Buffer.concat([zip, Buffer.alloc(length)]);
      bytes.writeUInt16LE(Math.min(length, 0xffff), zip.length - 2);
      return bytes;
    };
    expect(passes('other', inPieces(remark(0xffff), 10_000))).toBe(false);
    expect(passes('other', inPieces(remark(0x10000), 10_000))).toBe(true);
  });

  it.each([1_000, 10_007, 65_536, 65_557, 65_558, 131_115, 400_000])(
    'finds an archive at the end of a long file that arrives in pieces of %i bytes',
    (length) => {
      const comment = Buffer.alloc(0xffff, 'x');
      const archive = Buffer.concat([Buffer.alloc(300_000, 1), zip, comment]);
      archive.writeUInt16LE(comment.length, 300_000 + zip.length - 2);
      expect(passes('other', inPieces(archive, length))).toBe(false);
      expect(passes('other', inPieces(Buffer.alloc(400_000, 1), length))).toBe(true);
    },
  );

  it('ignores an end-of-archive signature whose record does not fit', () => {
    const record = Buffer.alloc(22);
    record.write('PK\x05\x06', 'latin1');
    record.writeUInt16LE(1, 20);
    expect(passes('other', [fixtures.png.bytes, record])).toBe(true);
    record.writeUInt16LE(1, 4);
    record.writeUInt16LE(0, 20);
    expect(passes('other', [fixtures.png.bytes, record])).toBe(true);
  });

  it('allows HTML in files that are only checked for archives', () => {
    expect(passes('other', [Buffer.from('%PDF-1.4 <script>')])).toBe(true);
  });

  it.each([
    '<?xml version="1.0"?>',
    '<!DOCTYPE plist PUBLIC>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    '<?xpacket begin=""?>',
  ])('allows metadata that programs write into pictures: %s', (text) => {
    expect(passes('pictures', [fixtures.png.bytes, Buffer.from(text)])).toBe(true);
  });
});
