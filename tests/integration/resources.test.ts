import mime from 'mime-types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { download } from '../support/download.js';
import { dumpOf } from '../support/dump.js';
import { openXml } from '../support/archives.js';
import { committed } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { fileOf, type UploadFile } from '../support/multipart.js';
import { pdfFile, textFile, vttFile, zipFile } from '../support/samples.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep } from '../support/wholeness.js';

const LIMIT = 100_000;

const GOOD: [string, UploadFile, string, string][] = [
  ['PDF', pdfFile, 'application/pdf', 'pdf'],
  ['ZIP', zipFile, 'application/zip', 'zip'],
  ['PNG', fixtures.png, 'image/png', 'png'],
  ['JPEG', fixtures.thumbnail, 'image/jpeg', 'jpg'],
  ['WebP', fixtures.webp, 'image/webp', 'webp'],
  ['AVIF', fixtures.avif, 'image/avif', 'avif'],
  ['GIF', fixtures.gif, 'image/gif', 'gif'],
  ['plain text', textFile, 'text/plain', 'txt'],
  ['plain text with a byte order mark', fileOf('\uFEFFHello', 'mark.txt', 'text/plain'), 'text/plain', 'txt'],
  ['a table', fileOf('a,b\r\n1,2\r\n', 'table.csv', 'text/csv'), 'text/plain', 'txt'],
  ['a shell script', fileOf('#!/bin/sh\nid\n', 'hello.sh', 'application/x-sh'), 'text/plain', 'txt'],
  ['a video', fixtures.intro, 'video/mp4', 'mp4'],
  ['audio', committed('corpus/lesson.mp3', 'audio/mpeg'), 'audio/mpeg', 'mp3'],
  [
    'a Word document',
    fileOf(openXml('docx'), 'handout.docx', 'application/octet-stream'),
    mime.lookup('docx') as string,
    'docx',
  ],
  [
    'a PDF under a name without a type',
    { ...pdfFile, filename: 'page.2', contentType: 'application/octet-stream' },
    'application/pdf',
    'pdf',
  ],
];

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

const BAD: [string, UploadFile, string?][] = [
  ['HTML', fileOf('<!doctype html><script>alert(1)</script>', 'notes.txt', 'text/plain')],
  ['HTML after white space', fileOf('\n \t<HTML><body>Hi</body></HTML>', 'notes.txt', 'text/plain')],
  ['HTML after a byte order mark', fileOf('\uFEFF<html></html>', 'notes.txt', 'text/plain')],
  ['HTML after a comment', fileOf('<!-- hi --><script>alert(1)</script>', 'notes.txt', 'text/plain')],
  ['SVG', fileOf(SVG, 'logo.svg', 'image/svg+xml')],
  ['SVG declared as a PDF', fileOf(`<?xml version="1.0"?>${SVG}`, 'logo.pdf', 'application/pdf')],
  ['unknown bytes', fileOf(Buffer.from([1, 2, 3, 0, 255, 254]), 'data.bin', 'application/octet-stream')],
  ['text in Latin-1', fileOf(Buffer.from('Übung', 'latin1'), 'notes.txt', 'text/plain')],
  ['text with a NUL after 25 KB', fileOf(`${'line\n'.repeat(5_000)}\u0000`, 'notes.txt', 'text/plain')],
  ['a program', fileOf(Buffer.from('7f454c4602010100', 'hex'), 'tool', 'application/pdf')],
  ['a ZIP named as a Word document', { ...zipFile, filename: 'a.docx', contentType: 'application/octet-stream' }],
  ['an empty file', fileOf('', 'empty.pdf', 'application/pdf'), 'EMPTY_FILE'],
  ['a file above the limit', fileOf('x'.repeat(LIMIT + 1), 'long.txt', 'text/plain'), 'FILE_TOO_LARGE'],
];

onAnyStorage('resources of a video', (storage) => {
  let app: TestApp;
  let ada: Client;
  let topicId: string;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), VIDEO_RESOURCE_MAX_BYTES: String(LIMIT) });
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'With files' })).id, 'With files');
  });
  afterAll(() => app.remove());

  const newVideo = async (title: string): Promise<string> => (await createVideo(ada, topicId, title)).id;
  const add = (videoId: string, file: UploadFile, input?: gql.AddResourceInput) =>
    ada.upload(gql.AddVideoResourceDocument, { videoId, file: null, ...(input && { input }) }, { file });
  const resourcesOf = async (id: string, client = ada) =>
    dataOf(await client.send(gql.VideoItemsOfDocument, { id })).video!.resources;

  it.each(GOOD)('may be %s, and are served as attachments', async (what, sample, contentType, extension) => {
    const videoId = await newVideo(`Good: ${what}`);
    const { resources } = dataOf(await add(videoId, sample)).addVideoResource;
    expect(resources).toMatchObject([{ title: sample.filename, file: { contentType, filename: sample.filename } }]);
    const { file } = resources![0]!;
    expect(file).toMatchObject({ size: sample.size, storage: storage.graphqlName });
    expect(file.key).toMatch(new RegExp(`^resources/${videoId}/[a-z]+-[a-z0-9]{8}\\.${extension}$`));
    const served = await fetch(file.url);
    expect(served.headers.get('content-disposition')).toBe(`attachment; filename=${sample.filename}`);
    expect(served.headers.get('content-type')?.replace(/;.*/, '')).toBe(contentType);
    expect(Buffer.from(await served.arrayBuffer())).toEqual(Buffer.concat([...sample.chunks()]));
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it('are refused when a browser or a shell could run them, or when their type is unknown', async () => {
    const videoId = await newVideo('Bad');
    const before = await dumpOf(app);
    for (const [what, sample, code = 'UNSUPPORTED_MEDIA_TYPE'] of BAD) {
      expect([what, errorCodes(await add(videoId, sample))]).toEqual([what, [code]]);
    }
    expect(await dumpOf(app)).toEqual(before);
  });

  it('are refused with the advice to put the file into a ZIP archive', async () => {
    const videoId = await newVideo('Advice');
    for (const file of [
      fileOf('<svg/>', 'a.svg', 'image/svg+xml'),
      fileOf('x', 'a.bat', ''),
      fileOf('\x7fELF\x02', 'a', ''),
    ]) {
      const { body } = await add(videoId, file);
      expect(body.errors?.[0]?.message).toMatch(/To offer the file as it is, put it in a ZIP archive\.$/);
    }
  });

  it('have the given title, or the name of the file', async () => {
    const videoId = await newVideo('Titled');
    dataOf(await add(videoId, pdfFile, { title: ' The slides ' }));
    dataOf(await add(videoId, zipFile, { title: null }));
    const titles = (await resourcesOf(videoId))!.map(({ title }) => title);
    expect(titles).toEqual(['The slides', 'exercises.zip']);
    for (const title of ['', '  ', 'x'.repeat(201)]) {
      const { body } = await add(videoId, pdfFile, { title });
      expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields: ['input.title'] } }]);
    }
    expect(await resourcesOf(videoId)).toHaveLength(2);
  });

  it('are null for anonymous viewers, unless the video is a preview', async () => {
    const videoId = await newVideo('Locked');
    dataOf(await add(videoId, pdfFile));
    const [nobody, student] = [await clientOf(app), await clientOf(app, 'sam', 'student')];
    expect(await resourcesOf(videoId, nobody)).toBeNull();
    expect(await resourcesOf(videoId, student)).toHaveLength(1);
    dataOf(await ada.send(gql.UpdateVideoDocument, { id: videoId, input: { isPreview: true } }));
    expect(await resourcesOf(videoId, nobody)).toHaveLength(1);
  });

  it('are deleted one by one with their files, without touching captions', async () => {
    const videoId = await newVideo('Deleted');
    const caption = { videoId, file: null, input: { language: 'en' } };
    dataOf(await ada.upload(gql.AddVideoCaptionDocument, caption, { file: vttFile() }));
    for (const sample of [pdfFile, zipFile, textFile]) dataOf(await add(videoId, sample));
    const [pdf, zip, text] = (await resourcesOf(videoId))!;
    const remove = (resourceId: string) => ada.send(gql.DeleteVideoResourceDocument, { videoId, resourceId });
    const { deleteVideoResource: left } = dataOf(await remove(zip!.id));
    expect([left.resources, left.captions]).toEqual([[pdf, text], [expect.anything()]]);
    expect(await app.app.storages.current.stat(zip!.file.key)).toBeNull();
    expect(await download(pdf!.file.url)).toEqual(Buffer.concat([...pdfFile.chunks()] as Uint8Array[]));
    for (const id of [zip!.id, left.captions![0]!.id, 'nothing']) {
      expect(errorCodes(await remove(id))).toEqual(['NOT_FOUND']);
    }
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});
