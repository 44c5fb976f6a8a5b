import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mime from 'mime-types';
import { openXml, withMimetype } from './archives.js';
import { fixtures } from './fixtures.js';
import { fileOf, type UploadFile } from './multipart.js';
import { pdfFile, textFile, vttFile, zipFile } from './samples.js';

/** Real media of all accepted types, including unusual ones. The README of the fixtures says how each was made. */
export interface Genuine {
  readonly file: UploadFile;
  /** The type with which it is stored and served. */
  readonly contentType: string;
  /** The size of pictures and videos as shown in a browser, in pixels. */
  readonly size?: readonly [width: number, height: number];
  /** The playing time of videos and sound, in seconds. */
  readonly durationSeconds?: number;
  /** Null when they are not known. */
  readonly codecs?: string | null;
}

/** Reads a small file in tests/fixtures. */
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

const VIDEO_SIZE: readonly [number, number] = [128, 72];
const IMAGE_SIZE = [48, 32] as const;

interface VideoFacts {
  readonly size?: readonly [width: number, height: number];
  readonly durationSeconds?: number;
  readonly declared?: string;
}

function video(name: string, contentType: string, codecs: string | null, facts: VideoFacts = {}): Genuine {
  const { size = VIDEO_SIZE, durationSeconds = 1, declared } = facts;
  return { ...genuine(name, contentType, size, declared), durationSeconds, codecs };
}

export const VIDEOS: readonly Genuine[] = [
  video('moov-last.mp4', 'video/mp4', 'avc1.64000a, mp4a.40.2'),
  video('fragmented.mp4', 'video/mp4', 'avc1.64000a, mp4a.40.2'),
  video('interlaced.mp4', 'video/mp4', 'avc1.640015'),
  video('hevc.mp4', 'video/mp4', 'hvc1.1.6.L30.90'),
  video('av1.mp4', 'video/mp4', 'av01.0.00M.08'),
  // Rotated by 90 degrees, with a pixel aspect ratio of 4 to 3.
  video('turned.mp4', 'video/mp4', 'avc1.64000a', { size: [72, 128] }),
  video('oblong.mp4', 'video/mp4', 'avc1.64000a', { size: [171, 72] }),
  video('apple.m4v', 'video/mp4', 'avc1.64000a', { declared: 'video/x-m4v' }),
  video('mjpeg.mov', 'video/quicktime', null, { durationSeconds: 0.5 }),
  video('prores.mov', 'video/quicktime', 'apco'),
  video('vp8.webm', 'video/webm', 'vp8, opus'),
  video('vp9-live.webm', 'video/webm', 'vp09.00.10.08.01.02.02.02.00, opus'),
  video('av1.webm', 'video/webm', 'av01.0.00M.08, opus'),
  video('hevc10.mkv', 'video/matroska', 'hev1.2.4.L30.90, flac', { declared: 'video/x-matroska' }),
  video('webcam.webm', 'video/matroska', 'avc1.64000a', { declared: 'video/webm' }),
  video('ffv1.mkv', 'video/matroska', null, { durationSeconds: 0.5, declared: 'video/x-matroska' }),
];

const sound = (name: string, contentType: string, codecs: string, declared?: string): Genuine => ({
  file: committed(`corpus/${name}`, declared ?? contentType),
  contentType,
  durationSeconds: 1,
  codecs,
});

/** Sound files that are accepted as the file of a video. */
export const SOUND: readonly Genuine[] = [
  sound('lesson.mp3', 'audio/mpeg', 'mp3'),
  sound('plain.mp3', 'audio/mpeg', 'mp3', 'audio/mp3'),
  sound('lesson.m4a', 'audio/mp4', 'mp4a.40.2', 'audio/x-m4a'),
  sound('opus.ogg', 'audio/ogg', 'opus'),
  sound('vorbis.ogg', 'audio/ogg', 'vorbis', 'application/ogg'),
  sound('lesson.flac', 'audio/flac', 'flac', 'audio/x-flac'),
  sound('lesson.wav', 'audio/wav', '1', 'audio/x-wav'),
];

/** Sound in containers that usually contain videos. Only their tracks show that there is no video. */
export const SOUND_ALONE: readonly Genuine[] = [
  { file: committed('sound-only.mp4', 'video/mp4'), contentType: 'audio/mp4', durationSeconds: 1, codecs: 'mp4a.40.2' },
  { file: committed('sound-only.webm', 'audio/webm'), contentType: 'audio/webm', durationSeconds: 1, codecs: 'opus' },
];

const PNGS = ['grey-1-bit.png', 'colour-16-bit.png', 'transparent.png', 'interlaced.png', 'moving.png'];
const JPEGS = ['progressive.jpg', 'cmyk.jpg', 'grey.jpeg'];

export const IMAGES: readonly Genuine[] = [
  ...PNGS.map((name) => genuine(name, 'image/png', IMAGE_SIZE)),
  ...JPEGS.map((name) => genuine(name, 'image/jpeg', IMAGE_SIZE)),
  {
    file: fileOf(bytesOf(committed('corpus/progressive.jpg', '')).subarray(0, -2), 'no-end.jpg', 'image/jpeg'),
    contentType: 'image/jpeg',
    size: IMAGE_SIZE,
  },
  {
    file: fileOf(fixtures.thumbnail.bytes.subarray(0, -1), 'half-an-end.jpg', 'image/jpeg'),
    contentType: 'image/jpeg',
    size: [640, 360],
  },
  {
    file: fileOf(bytesOf(committed('corpus/moving.gif', '')).subarray(0, -1), 'no-trailer.gif', 'image/gif'),
    contentType: 'image/gif',
    size: IMAGE_SIZE,
  },
  genuine('turned.jpg', 'image/jpeg', [32, 48], 'image/pjpeg'),
  ...['lossless.webp', 'moving.webp'].map((name) => genuine(name, 'image/webp', IMAGE_SIZE)),
  genuine('moving.gif', 'image/gif', IMAGE_SIZE),
  ...['deep.avif', 'transparent.avif'].map((name) => genuine(name, 'image/avif', IMAGE_SIZE)),
  ...[
    ['a video after it, as phones write it', fixtures.intro.bytes],
    ['a smaller picture after it', bytesOf(committed('corpus/progressive.jpg', 'image/jpeg'))],
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
  text('#!/bin/sh\necho hello\n', 'hello.sh', 'application/x-sh'),
  text('alert(1)\n', 'alert.js', 'text/javascript'),
  text('const one: number = 1;\n', 'one.ts', 'video/mp2t'),
  text('print(1)\n', 'tool.py', 'text/x-python'),
  { file: fixtures.png, contentType: 'image/png', size: [320, 180] },
  ...VIDEOS.filter(({ file }) => file.filename === 'prores.mov'),
  ...SOUND.filter(({ file }) => file.filename === 'lesson.mp3'),
  ...['docx', 'pptx', 'xlsx'].map((extension) => office(openXml(extension), extension)),
  ...['odt', 'odp', 'ods', 'epub'].map((extension) => office(withMimetype(typeOf(extension)), extension)),
  { file: fileOf(openXml('docx'), 'handout', 'application/octet-stream'), contentType: typeOf('docx') },
];

function typeOf(extension: string): string {
  return mime.lookup(extension) as string;
}

function office(bytes: Buffer, extension: string): Genuine {
  const contentType = typeOf(extension);
  return { file: fileOf(bytes, `handout.${extension}`, contentType), contentType };
}

export const CAPTIONS: readonly Genuine[] = [
  vttFile(),
  vttFile(
    '\ufeffWEBVTT - with a remark\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\nNOTE <b>no cue --> here</b>\r\n\r\n' +
      'one\r\n99:59:58.000 --> 99:59:59.999 line:0\r\n<v Ada>Hello\r\n',
  ),
  { ...vttFile(), filename: 'captions.txt', contentType: 'text/plain' },
].map((file) => ({ file, contentType: 'text/vtt' }));

/** The thumbnail with another segment after its first (ITU-T T.81, B.1.1.3). */
export function withJpegSegment(marker: number, content: string | Buffer): Buffer {
  const original = fixtures.thumbnail.bytes;
  const afterFirst = 4 + original.readUInt16BE(4);
  const data = Buffer.from(content as string, 'latin1');
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([original.subarray(0, afterFirst), head, data, original.subarray(afterFirst)]);
}
