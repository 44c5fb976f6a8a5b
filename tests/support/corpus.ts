import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fixtures } from './fixtures.js';
import { fileOf, type UploadFile } from './multipart.js';
import { pdfFile, textFile, vttFile, zipFile } from './samples.js';

/** Real media of every type that is taken, odd but valid ones among them; how each was made is in the fixtures' README. */
export interface Genuine {
  readonly file: UploadFile;
  /** The type that it is stored and served under. */
  readonly contentType: string;
  /** In pixels, as a browser shows it; of pictures and videos. */
  readonly size?: readonly [width: number, height: number];
}

/** A small file under tests/fixtures. */
export function committed(path: string, contentType: string): UploadFile {
  const bytes = readFileSync(fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url)));
  return fileOf(bytes, path.split('/').at(-1)!, contentType);
}

export const bytesOf = (file: UploadFile): Buffer => Buffer.concat([...file.chunks()]);

export const sumOf = (file: UploadFile): string => createHash('sha256').update(bytesOf(file)).digest('hex');

const genuine = (
  name: string,
  contentType: string,
  size: readonly [number, number],
  declared = contentType,
): Genuine => {
  return { file: committed(`corpus/${name}`, declared), contentType, size };
};

const VIDEO_SIZE = [128, 72] as const;
const IMAGE_SIZE = [48, 32] as const;

export const VIDEOS: readonly Genuine[] = [
  ...['moov-last.mp4', 'fragmented.mp4', 'interlaced.mp4', 'hevc.mp4', 'av1.mp4'].map((name) =>
    genuine(name, 'video/mp4', VIDEO_SIZE),
  ),
  genuine('apple.m4v', 'video/mp4', VIDEO_SIZE, 'video/x-m4v'),
  ...['mjpeg.mov', 'prores.mov'].map((name) => genuine(name, 'video/quicktime', VIDEO_SIZE)),
  ...['vp8.webm', 'vp9-live.webm', 'av1.webm'].map((name) => genuine(name, 'video/webm', VIDEO_SIZE)),
  ...['hevc10.mkv', 'ffv1.mkv'].map((name) => genuine(name, 'video/matroska', VIDEO_SIZE, 'video/x-matroska')),
];

const PNGS = ['grey-1-bit.png', 'colour-16-bit.png', 'transparent.png', 'interlaced.png', 'moving.png'];
const JPEGS = ['progressive.jpg', 'cmyk.jpg', 'grey.jpeg'];

export const IMAGES: readonly Genuine[] = [
  ...PNGS.map((name) => genuine(name, 'image/png', IMAGE_SIZE)),
  ...JPEGS.map((name) => genuine(name, 'image/jpeg', IMAGE_SIZE)),
  genuine('turned.jpg', 'image/jpeg', [32, 48], 'image/pjpeg'),
  ...['lossless.webp', 'moving.webp'].map((name) => genuine(name, 'image/webp', IMAGE_SIZE)),
  genuine('moving.gif', 'image/gif', IMAGE_SIZE),
  ...['deep.avif', 'transparent.avif'].map((name) => genuine(name, 'image/avif', IMAGE_SIZE)),
  ...[
    ['a film behind it, as telephones write it', fixtures.intro.bytes],
    ['a smaller picture behind it', bytesOf(committed('corpus/progressive.jpg', 'image/jpeg'))],
  ].map(([name, behind]): Genuine => {
    const bytes = Buffer.concat([fixtures.thumbnail.bytes, behind as Buffer]);
    return { file: fileOf(bytes, `${String(name)}.jpg`, 'image/jpeg'), contentType: 'image/jpeg', size: [640, 360] };
  }),
  {
    file: fileOf(
      withJpegSegment(
        0xed,
        'Photoshop 3.0\0<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN">',
      ),
      'print settings of a Macintosh in it.jpg',
      'image/jpeg',
    ),
    contentType: 'image/jpeg',
    size: [640, 360],
  },
];

const text = (content: string | Buffer, name: string, declared: string): Genuine => {
  return { file: fileOf(content, name, declared), contentType: 'text/plain' };
};

export const RESOURCES: readonly Genuine[] = [
  { file: pdfFile, contentType: 'application/pdf' },
  { file: zipFile, contentType: 'application/zip' },
  { file: { ...zipFile, contentType: 'application/x-zip-compressed' }, contentType: 'application/zip' },
  { file: textFile, contentType: 'text/plain' },
  text('\ufeffWith a byte order mark\r\nand lines of two\rkinds.', 'windows.txt', 'text/plain; charset=utf-8'),
  text('# How to write\n\nPut `<script>` into <b>angle brackets</b>, and <?php too.\n', 'Lesson.md', 'text/markdown'),
  text('name,mark\nÅsa,1\n', 'marks.csv', 'text/csv'),
  text('{"a":"<svg onload=x>"}', 'data.json', 'application/json'),
  text('no dot, no type', 'README', ''),
  { file: fixtures.png, contentType: 'image/png', size: [320, 180] },
];

export const CAPTIONS: readonly Genuine[] = [
  vttFile(),
  vttFile(
    '\ufeffWEBVTT - with a remark\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\nNOTE <b>no cue --> here</b>\r\n\r\n' +
      'one\r\n99:59:58.000 --> 99:59:59.999 line:0\r\n<v Ada>Hello\r\n',
  ),
  { ...vttFile(), filename: 'captions.txt', contentType: 'text/plain' },
].map((file) => ({ file, contentType: 'text/vtt' }));

/** The thumbnail with one more segment behind its first (ITU-T T.81, B.1.1.3). */
export function withJpegSegment(marker: number, content: string | Buffer): Buffer {
  const original = fixtures.thumbnail.bytes;
  const afterFirst = 4 + original.readUInt16BE(4);
  const data = Buffer.from(content as string, 'latin1');
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([original.subarray(0, afterFirst), head, data, original.subarray(afterFirst)]);
}
