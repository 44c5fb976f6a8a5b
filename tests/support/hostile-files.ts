import { deflateSync, gzipSync } from 'node:zlib';
import { openXml, zipOf } from './archives.js';
import { bytesOf, IMAGES, VIDEOS, withJpegSegment } from './corpus.js';
import { crc32, fixtures } from './fixtures.js';
import { fileOf, type UploadFile } from './multipart.js';
import { pdfFile, zipFile } from './samples.js';

/** A file that must be refused, and the name of its test. */
export type Hostile = readonly [what: string, file: UploadFile];

const HTML = '<!doctype html><html><body><script>alert(1)</script></body></html>';
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const swapped = (text: string): Buffer => utf16(text).swap16();
const blanks = (length: number): string => ' \t\r\n'.repeat(length / 4);

/** Web pages, markup and scripts. They are refused in every slot, under any name. */
export const ACTIVE_CONTENTS: readonly (readonly [what: string, content: string | Buffer])[] = [
  ['SVG', SVG],
  ['SVG with an XML declaration', `<?xml version="1.0"?>${SVG}`],
  ['SVG behind a byte order mark', `\ufeff${SVG}`],
  ['SVG behind a comment', `<!-- a picture -->\n${SVG}`],
  ['SVG behind white space', blanks(400) + SVG],
  ['SVG behind more white space than is looked at', blanks(200_000) + SVG],
  ['SVG behind an invisible character', `\u200b${SVG}`],
  ['SVG in UTF-16', utf16(SVG)],
  ['SVG in UTF-16, the other way round', swapped(SVG)],
  ['SVG in UTF-16 without a mark', utf16(SVG).subarray(2)],
  ['SVG, compressed', gzipSync(SVG)],
  ['HTML', HTML],
  ['HTML in capitals', HTML.toUpperCase()],
  ['HTML without its beginning', '<p onclick="alert(1)">Hi'],
  ['HTML behind a byte order mark and lines', `\ufeff\n\n${HTML}`],
  ['HTML behind a form feed', `\f${HTML}`],
  ['HTML in UTF-16', utf16(HTML)],
  ['HTML with a NUL in it', `<\0html>`],
  ['XML', '<?xml version="1.0"?><a/>'],
  ['XML without a declaration', '<rss version="2.0"/>'],
  ['an XML entity bomb', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
  ['PHP', '<?php system($_GET["c"]);'],
  ['PHP behind lines', '\n\n<?= `id` ?>'],
  ['ASP', '<% Response.Write(1) %>'],
];

/** Text that can only be recognised by its name or declared type. */
export const NAMED_AS_SCRIPTS: readonly Hostile[] = [
  ['page.html', ''],
  ['page.txt', 'TEXT/HTML'],
  ['page.HTML. ', 'application/octet-stream'],
  ['logo.svg', 'image/svg+xml'],
  ['feed.xml', 'application/xml'],
  ['tool.php', 'text/plain'],
  ['tool.txt.phtml', 'text/plain'],
  ['run.bat', ''],
  ['run.ps1', ''],
  ['letter.docx', 'application/octet-stream'],
].map(([name, type]): Hostile => [`${String(name)} as ${String(type)}`, fileOf('alert(1)\n', name!, type!)]);

const png = fixtures.png.bytes;
const jpeg = fixtures.thumbnail.bytes;
const { gif, webp, avif } = fixtures;
const zip = bytesOf(zipFile);
const behind = (first: Uint8Array, second: string | Uint8Array): Buffer => Buffer.concat([first, Buffer.from(second)]);

/** Valid pictures that are also of another type. */
export const PICTURE_POLYGLOTS: readonly Hostile[] = [
  ['a JPEG with a ZIP after it', fileOf(behind(jpeg, zip), 'a.jpg', 'image/jpeg')],
  ['a JPEG with a ZIP and a ZIP comment after it', fileOf(behind(jpeg, withZipComment(9)), 'a.jpg', 'image/jpeg')],
  ['a JPEG with a ZIP and other data after it', fileOf(Buffer.concat([jpeg, zip, jpeg]), 'a.jpg', 'image/jpeg')],
  [
    'a JPEG comment with a ZIP whose own comment contains the picture',
    fileOf(withJpegSegment(0xfe, withZipComment(0x4000)), 'a.jpg', 'image/jpeg'),
  ],
  ['a JPEG with HTML after it', fileOf(behind(jpeg, HTML), 'a.jpg', 'image/jpeg')],
  ['a JPEG with PHP in a comment', fileOf(withJpegSegment(0xfe, '<?php phpinfo(); ?>'), 'a.jpg', 'image/jpeg')],
  ['a JPEG with a PHP archive', fileOf(behind(jpeg, '..__HALT_COMPILER(); ?>'), 'a.jpg', 'image/jpeg')],
  ['a JPEG with RAR after it', fileOf(behind(jpeg, 'Rar!\x1a\x07\x01\0'), 'a.jpg', 'image/jpeg')],
  [
    'a JPEG with 7-Zip after it',
    fileOf(behind(jpeg, Buffer.from('7z\xbc\xaf\x27\x1c\0\x04', 'latin1')), 'a.jpg', 'image/jpeg'),
  ],
  [
    'a PNG with a script in its text',
    fileOf(withPngChunk('tEXt', 'Comment\0<script>alert(1)</script>'), 'a.png', 'image/png'),
  ],
  ['a PNG with a ZIP after it', fileOf(behind(png, zip), 'a.png', 'image/png')],
  ['a PNG with SVG after it', fileOf(behind(png, SVG), 'a.png', 'image/png')],
  ['a WebP with a ZIP after it', fileOf(behind(webp.bytes, zip), 'a.webp', 'image/webp')],
  ['an AVIF with HTML after it', fileOf(behind(avif.bytes, HTML), 'a.avif', 'image/avif')],
  ['a GIF with a ZIP after it', fileOf(behind(gif.bytes, zip), 'a.gif', 'image/gif')],
  ['a GIF that is also JavaScript', fileOf(behind(gifOf(0x2a2f, 1, 1), '*/=1;alert(1)//'), 'a.gif', 'image/gif')],
  ['JavaScript that begins like a GIF', fileOf('GIF89a=1;alert(1)//', 'a.gif', 'image/gif')],
  ['a PNG after an ID3 tag', fileOf(behind(Buffer.from('494433040000000000', 'hex'), png), 'a.png', 'image/png')],
];

export const VIDEO_POLYGLOTS: readonly Hostile[] = [
  ['an MP4 with a ZIP after it', fileOf(behind(fixtures.intro.bytes, zip), 'a.mp4', 'video/mp4')],
  ['a WebM with a ZIP after it', fileOf(behind(fixtures.webm.bytes, zip), 'a.webm', 'video/webm')],
  ['a Matroska file with a ZIP after it', fileOf(behind(fixtures.matroska.bytes, zip), 'a.mkv', '')],
];

/** An ID3 tag of 8 KiB, which is longer than the bytes from which the type is detected. */
function longTag(): Buffer {
  return behind(Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0x40, 0]), Buffer.alloc(8_192));
}

export const RESOURCE_POLYGLOTS: readonly Hostile[] = [
  ['a ZIP named as a Word document', { ...zipFile, filename: 'a.docx', contentType: 'application/octet-stream' }],
  ['a Word document with macros', fileOf(openXml('docm'), 'a.docm', '')],
  ['a sheet named as a Word document', fileOf(openXml('xlsx', 'last', 'x'.repeat(9)), 'a.docx', '')],
  ['a Java archive', fileOf(zipOf({ 'META-INF/MANIFEST.MF': 'Main-Class: A' }), 'a.zip', 'application/zip')],
  ['a PDF that is also a ZIP', fileOf(behind(bytesOf(pdfFile), zip), 'a.pdf', 'application/pdf')],
  ['a PDF after a byte order mark', fileOf(behind(Buffer.from('\ufeff'), bytesOf(pdfFile)), 'a.pdf', '')],
  ['text with a program after it', fileOf('Read me.\n\x7fELF\x02\x01\x01\0', 'a.txt', 'text/plain')],
];

/** Valid files with a false name or type. */
export const PICTURE_SPOOFS: readonly Hostile[] = [
  ['a PNG declared as SVG', { ...fixtures.png, filename: 'a', contentType: 'image/svg+xml' }],
  ['a PNG named .svg', { ...fixtures.png, filename: 'a.svg', contentType: '' }],
  ['a PNG named .js', { ...fixtures.png, filename: 'a.js', contentType: '' }],
  ['a shell script named .png', fileOf('#!/bin/sh\nid\n', 'a.png', 'image/png')],
  ['a PNG named .html', { ...fixtures.png, filename: 'a.html', contentType: 'image/png' }],
  ['a PNG named .exe after spaces', { ...fixtures.png, filename: 'a.png      .exe', contentType: 'image/png' }],
  ['a PNG named .exe with a right-to-left override', { ...fixtures.png, filename: 'a\u202egnp.exe', contentType: '' }],
  ['a PNG declared as HTML', { ...fixtures.png, filename: 'a.png', contentType: 'text/html' }],
  ['a PNG declared as an unknown type', { ...fixtures.png, filename: 'a.png', contentType: 'image/x-own' }],
  ['a program named .png', fileOf('\x7fELF\x02\x01\x01\0', 'a.png', 'image/png')],
  ['a Windows program', fileOf('MZ\x90\0\x03\0\0\0', 'a.png', 'image/png')],
  ['a video named .png', { ...fixtures.intro, filename: 'a.png', contentType: 'image/png' }],
  ['a TIFF', fileOf(Buffer.from('49492a0008000000', 'hex'), 'a.png', 'image/png')],
];

export const VIDEO_SPOOFS: readonly Hostile[] = [
  ['an MP4 declared as WebM', { ...fixtures.intro, filename: 'a', contentType: 'video/webm' }],
  ['an MP4 named .mkv', { ...fixtures.intro, filename: 'a.mkv', contentType: '' }],
  ['Matroska named .mp4', { ...fixtures.matroska, filename: 'a.mp4', contentType: '' }],
  ['a shell script named .mp4', fileOf('#!/bin/sh\nid\n', 'a.mp4', 'video/mp4')],
  ['an ID3 tag before HTML', fileOf(`ID3\x03\0\0\0\0\0\x01\0${HTML}`, 'a.mp3', 'audio/mpeg')],
  ['a long ID3 tag with a picture after it', fileOf(behind(longTag(), png), 'a.mp3', 'audio/mpeg')],
  ['a picture named .mp4', { ...fixtures.png, filename: 'a.mp4', contentType: 'video/mp4' }],
  ['only the beginning of an MP4', fileOf(fixtures.intro.bytes.subarray(0, 32), 'a.mp4', 'video/mp4')],
  ['an MP4 cut off before its index', cut(VIDEOS[0]!.file, 0.8)],
];

/** Small files that decode to very large pictures. */
export const BOMBS: readonly Hostile[] = [
  ['a PNG of 900 million pixels', fileOf(pngOf(30_000, 30_000), 'a.png', 'image/png')],
  ['a PNG of 2^62 pixels', fileOf(pngOf(0x7fffffff, 0x7fffffff, 1), 'a.png', 'image/png')],
  ['an APNG with too many frames', fileOf(apngOf(1_000, 1_000, 200), 'a.png', 'image/png')],
  ['a GIF with too many frames', fileOf(gifOf(1_000, 1_000, 200), 'a.gif', 'image/gif')],
  ['a GIF whose screen is far larger than its frame', fileOf(gifOf(65_535, 65_535, 1), 'a.gif', 'image/gif')],
  ['a JPEG with a huge declared size', fileOf(hugeJpeg(), 'a.jpg', 'image/jpeg')],
];

const progressive = bytesOf(IMAGES.find(({ file }) => file.filename === 'progressive.jpg')!.file);
const allImages = [
  ...[fixtures.thumbnail, fixtures.png, gif, webp, avif].map(({ filename, contentType, bytes }) =>
    fileOf(bytes, filename, contentType),
  ),
  ...IMAGES.map(({ file }) => file).filter(({ filename }) => !/ |^no-|^half-/.test(filename)),
];

/** Pictures that are truncated or damaged. */
export const DAMAGED: readonly Hostile[] = [
  // A JPEG or GIF without its end marker is complete for every browser. All other truncated pictures lack a part.
  ...allImages.map((file): Hostile => {
    const missing = /\.jpe?g$/.test(file.filename) ? 4 : file.filename.endsWith('.gif') ? 2 : 1;
    return [`${file.filename} without its last bytes`, cut(file, (file.size - missing) / file.size)];
  }),
  [
    'a progressive JPEG without its last scan',
    fileOf(progressive.subarray(0, progressive.lastIndexOf(Buffer.from([0xff, 0xda]))), 'a.jpg', 'image/jpeg'),
  ],
  ['half a JPEG with an end marker', fileOf(behind(jpeg.subarray(0, 9_000), Buffer.from([0xff, 0xd9])), 'a.jpg', '')],
  ...allImages.map((file): Hostile => [`half of ${file.filename}`, cut(file, 0.5)]),
  ['a PNG with a wrong checksum', flipped(fixtures.png, fixtures.png.size - 20)],
  ['a PNG without pixels', fileOf(pngOf(10, 10, 1), 'a.png', 'image/png')],
  ['the beginning of a JPEG', fileOf(Buffer.from('ffd8ffe000104a464946', 'hex'), 'a.jpg', 'image/jpeg')],
  [
    'a JPEG with a video in place of its pixels',
    fileOf(behind(jpeg.subarray(0, 700), fixtures.intro.bytes), 'a.jpg', ''),
  ],
];

function cut(file: UploadFile, part: number): UploadFile {
  return fileOf(bytesOf(file).subarray(0, Math.round(file.size * part)), file.filename, file.contentType);
}

function flipped(file: UploadFile, at: number): UploadFile {
  const bytes = Buffer.from(bytesOf(file));
  bytes[at]! ^= 0xff;
  return fileOf(bytes, file.filename, file.contentType);
}

/** The archive with a comment of this length at its end (APPNOTE.TXT 4.3.16). */
function withZipComment(length: number): Buffer {
  const bytes = behind(zip, new Uint8Array(length));
  bytes.writeUInt16LE(length, zip.length - 2);
  return bytes;
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const typeAndData = behind(Buffer.from(type, 'latin1'), data);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(typeAndData));
  return Buffer.concat([length, typeAndData, checksum]);
}

function withPngChunk(type: string, content: string): Buffer {
  const afterHeader = 8 + 25;
  return Buffer.concat([
    png.subarray(0, afterHeader),
    pngChunk(type, Buffer.from(content, 'latin1')),
    png.subarray(afterHeader),
  ]);
}

/** A black PNG with one bit per pixel, optionally with truncated pixel data. */
function pngOf(
  width: number,
  height: number,
  bytesOfPixels = (Math.ceil(width / 8) + 1) * height,
  more = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  return Buffer.concat([
    png.subarray(0, 8),
    pngChunk('IHDR', header),
    more,
    pngChunk('IDAT', deflateSync(Buffer.alloc(bytesOfPixels))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function apngOf(width: number, height: number, frames: number): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  const frame = pngChunk('fcTL', Buffer.alloc(26));
  const more = [pngChunk('acTL', control), ...Array<Buffer>(frames).fill(frame)];
  return pngOf(width, height, undefined, Buffer.concat(more));
}

/** A GIF with frames of one pixel on a screen of any size. */
function gifOf(width: number, height: number, frames: number): Buffer {
  const screen = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  screen.writeUInt16LE(width, 6);
  screen.writeUInt16LE(height, 8);
  const frame = Buffer.from('2c00000000010001000002024c0100', 'hex');
  return Buffer.concat([screen, ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])]);
}

/** The thumbnail with a size of 65,535 by 65,535 in its frame header (ITU-T T.81, B.2.2). */
function hugeJpeg(): Buffer {
  const bytes = Buffer.from(jpeg);
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.fill(0xff, frame + 5, frame + 9);
  return bytes;
}
