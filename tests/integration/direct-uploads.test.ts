import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import {
  announced,
  complete,
  completed,
  find,
  md5Of,
  partsOf,
  put,
  sendAll,
  slice,
  start,
  uploadDirectly,
  type Session,
} from '../support/direct-upload.js';
import { download, sha256 } from '../support/download.js';
import { fixtures, type Fixture } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import type { UploadFile } from '../support/multipart.js';
import { pdfFile, vttFile } from '../support/samples.js';
import { onAnyStorage } from '../support/storages.js';
import { objectTraces } from '../support/traces.js';
import { faultsOf, leftAfterSweep } from '../support/wholeness.js';

const MIB = 1024 ** 2;
const SRT = { bytes: Buffer.from('1\n00:00:01,000 --> 00:00:02,000\nHi\n'), filename: 'en.srt', contentType: '' };

/** A WebM of a little more than two parts: after the last cluster comes padding that players ignore. */
function largeVideo(): Pick<Fixture, 'bytes' | 'filename' | 'contentType'> {
  const { bytes, filename, contentType } = fixtures.webm;
  const size = 16 * MIB + 12_345;
  const rest = size - bytes.length;
  // An EBML Void element with a size of 8 bytes (RFC 8794, section 11.3.3).
  const head = Buffer.alloc(9);
  head.writeUInt8(0xec, 0);
  head.writeBigUInt64BE(BigInt(rest - 9) | (1n << 56n), 1);
  return { bytes: Buffer.concat([bytes, head, randomBytes(rest - 9)]), filename, contentType };
}

onAnyStorage('direct uploads', (storage) => {
  let app: TestApp;
  let ada: Client;
  let bob: Client;
  let root: Client;
  let topicId: string;
  let courseId: string;
  let videoId: string;

  beforeAll(async () => {
    app = await startApp({ ...(await storage.environment()), UPLOAD_SESSIONS_PER_VIEWER: '3' });
    [ada, bob, root] = [await clientOf(app, 'ada'), await clientOf(app, 'bob'), await clientOf(app, 'root', 'admin')];
    courseId = (await createCourse(ada, { title: 'Direct' })).id;
    topicId = await createTopic(ada, courseId, 'Direct');
  });
  beforeEach(async () => {
    for (const { id } of dataOf(await ada.send(gql.UploadsDocument, { status: 'WAITING' })).uploads.nodes) {
      await ada.send(gql.AbortUploadDocument, { id });
    }
    videoId = (await createVideo(ada, topicId, 'Direct')).id;
  });
  afterAll(() => app.remove());

  const png = (ownerId = videoId) => ({ ...announced(fixtures.png), slot: 'VIDEO_THUMBNAIL' as const, ownerId });
  const startCodes = async (input: gql.StartUploadInput, client = ada) =>
    errorCodes(await client.send(gql.StartUploadDocument, { input }));
  const abort = async (client: Client, id: string) =>
    dataOf(await client.send(gql.AbortUploadDocument, { id })).abortUpload;

  it('store a file in each single-file slot, and list what was verified of it', async () => {
    const owned: [gql.MediaSlot, string, Fixture][] = [
      ['VIDEO_FILE', videoId, fixtures.video],
      ['VIDEO_THUMBNAIL', videoId, fixtures.png],
      ['COURSE_THUMBNAIL', courseId, fixtures.webp],
      ['COURSE_INTRO_VIDEO', courseId, fixtures.intro],
    ];
    for (const [slot, ownerId, file] of owned) {
      const session = await uploadDirectly(ada, file, { slot, ownerId });
      expect(session).toMatchObject({ status: 'PUBLISHED', slot, ownerId, error: null, expiresAt: null });
      expect([...session.integrity].sort()).toEqual(['PART_MD5', 'SAMPLES', 'SHA256', 'SIZE']);
      expect(session.media).toMatchObject({ size: file.size, sha256: file.sha256, storage: storage.graphqlName });
      expect(sha256(await download(session.media!.url))).toBe(file.sha256);
    }
    const { video } = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: videoId }));
    expect(video).toMatchObject({ durationSeconds: expect.any(Number), file: { size: fixtures.video.size } });

    const image = await uploadDirectly(ada, fixtures.gif, { slot: 'IMAGE', image: { altText: 'A dot' } });
    expect(image).toMatchObject({ status: 'PUBLISHED', ownerId: expect.any(String) });
    const found = dataOf(await ada.send(gql.ImageDocument, { id: image.ownerId! })).image;
    expect(found).toMatchObject({ altText: 'A dot' });
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('need only a slot, an owner, a name and a size', async () => {
    const { bytes, filename, size } = fixtures.png;
    const session = await start(ada, { slot: 'VIDEO_THUMBNAIL', ownerId: videoId, filename, size });
    expect(session.contentType).toBeNull();
    await sendAll(ada, session, bytes);
    const { status, integrity, media } = await completed(ada, session.id);
    expect([status, integrity, media?.contentType]).toEqual(['PUBLISHED', ['SIZE'], 'image/png']);
  });

  it('add to lists, and store captions as WebVTT', async () => {
    const resource = await uploadDirectly(ada, whole(pdfFile), {
      slot: 'VIDEO_RESOURCE',
      ownerId: videoId,
      resource: { title: 'Slides' },
    });
    expect(resource).toMatchObject({ status: 'PUBLISHED', media: { contentType: 'application/pdf' } });
    for (const file of [SRT, whole(vttFile())]) {
      const caption = { language: 'en-gb' };
      const session = await uploadDirectly(ada, file, { slot: 'VIDEO_CAPTION', ownerId: videoId, caption });
      expect(session).toMatchObject({ status: 'PUBLISHED', media: { contentType: 'text/vtt' } });
      expect((await download(session.media!.url)).toString()).toMatch(/^WEBVTT/);
    }
    const { video } = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: videoId }));
    expect(video?.resources).toMatchObject([{ title: 'Slides' }]);
    expect(video?.captions).toMatchObject([{ language: 'en-GB' }, { language: 'en-GB' }]);
    await leftAfterSweep(app.app);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('can be resumed part by part with the id and the token', async () => {
    const file = largeVideo();
    const input = { ...announced(file), slot: 'VIDEO_FILE' as const, ownerId: videoId };
    const session = await start(ada, input);
    expect(session).toMatchObject({ status: 'WAITING', partSize: 8 * MIB, partCount: 3, bytesUploaded: 0 });
    const [third, first] = await partsOf(ada, session.id, [3, 1]);
    expect([third!.size, first!.size]).toEqual([12_345, 8 * MIB]);
    for (const part of [third!, first!]) expect(await put(part, slice(file.bytes, session, part.number))).toBe(200);

    const progress = dataOf(await ada.send(gql.UploadProgressDocument, { id: session.id })).upload!;
    expect(progress).toMatchObject({ bytesUploaded: 8 * MIB + 12_345, missingParts: [2] });
    expect(progress.uploadedParts).toEqual([
      { number: 1, size: 8 * MIB },
      { number: 3, size: 12_345 },
    ]);
    expect(errorCodes(await complete(ada, session.id))).toEqual(['UPLOAD_INCOMPLETE']);
    expect(await find(ada, session.id)).toMatchObject({ status: 'WAITING', samples: input.samples });

    const [second] = await partsOf(ada, session.id, [2]);
    expect(await put(second!, slice(file.bytes, session, 2))).toBe(200);
    const done = await completed(ada, session.id);
    expect(done).toMatchObject({ status: 'PUBLISHED', bytesUploaded: file.bytes.length });
    // Not every part was signed with an MD5.
    expect([...done.integrity].sort()).toEqual(['SAMPLES', 'SHA256', 'SIZE']);
    expect(sha256(await download(done.media!.url))).toBe(input.sha256);
    expect(await completed(ada, session.id)).toMatchObject({ status: 'PUBLISHED', id: done.id });
  });

  it('accept only bytes with the MD5 that was signed', async () => {
    const { bytes } = fixtures.png;
    const session = await start(ada, png());
    const [part] = await partsOf(ada, session.id, [1], [md5Of(bytes)]);
    expect(await put(part!, bytes.subarray(1))).toBeGreaterThanOrEqual(400);
    const wrong = Buffer.from(bytes);
    wrong[5]! ^= 1;
    expect(await put(part!, wrong)).toBeGreaterThanOrEqual(400);
    expect(await find(ada, session.id)).toMatchObject({ bytesUploaded: 0 });
    expect(await put(part!, bytes)).toBe(200);
    expect(await completed(ada, session.id)).toMatchObject({ status: 'PUBLISHED' });
  });

  it('fail when the file differs from the announcement or does not fit its slot, and leave nothing behind', async () => {
    const before = await objectTraces(app);
    const cases: [string, Partial<gql.StartUploadInput>, Buffer][] = [
      ['CHECKSUM_MISMATCH', { sha256: 'a'.repeat(64) }, fixtures.png.bytes],
      ['CHECKSUM_MISMATCH', { samples: Array<string>(3).fill('a'.repeat(64)) }, fixtures.png.bytes],
      ['UNSUPPORTED_MEDIA_TYPE', { sha256: null, samples: null }, Buffer.from('<svg xmlns="x"></svg>')],
      ['UNSUPPORTED_MEDIA_TYPE', { sha256: null, samples: null }, fixtures.png.bytes.subarray(0, 500)],
      ['UNSUPPORTED_MEDIA_TYPE', { filename: 'page.html' }, fixtures.png.bytes],
    ];
    for (const [code, changed, bytes] of cases) {
      const session = await start(ada, { ...png(), size: bytes.length, ...changed });
      await sendAll(ada, session, bytes);
      const failed = await completed(ada, session.id);
      expect(failed).toMatchObject({ status: 'FAILED', error: { code }, media: null, bytesUploaded: 0 });
      expect(await completed(ada, session.id)).toEqual(failed);
      expect(errorCodes(await ada.send(gql.UploadPartsDocument, { id: session.id, numbers: [1] }))).toEqual([code]);
    }
    expect(await objectTraces(app)).toEqual(before);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('are refused at the start when the input cannot become a file', async () => {
    expect(await startCodes({ ...png(), size: 0 })).toEqual(['EMPTY_FILE']);
    expect(await startCodes({ ...png(), size: 11 * MIB })).toEqual(['FILE_TOO_LARGE']);
    expect(await startCodes({ ...png(), size: -1 })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), samples: ['a'] })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), sha256: 'A'.repeat(64) })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), ownerId: null })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), slot: 'IMAGE' })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), slot: 'VIDEO_CAPTION' })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), caption: { language: 'en' } })).toEqual(['BAD_USER_INPUT']);
    expect(await startCodes({ ...png(), slot: 'VIDEO_CAPTION', caption: { language: '?' } })).toEqual([
      'BAD_USER_INPUT',
    ]);
    expect(await startCodes(png('01890a5d-ac96-774b-bcce-b302099a8057'))).toEqual(['NOT_FOUND']);
    expect(await startCodes(png(), bob)).toEqual(['FORBIDDEN']);
    expect(await startCodes(png(), await clientOf(app))).toEqual(['UNAUTHENTICATED']);
  });

  it('sign existing parts only, at most 100 at once, with an MD5 for each or none', async () => {
    const { id } = await start(ada, png());
    const codes = async (numbers: number[], md5?: string[]) =>
      errorCodes(await ada.send(gql.UploadPartsDocument, { id, numbers, ...(md5 && { md5 }) }));
    expect(await codes([2])).toEqual(['BAD_USER_INPUT']);
    expect(await codes([0])).toEqual(['BAD_USER_INPUT']);
    expect(await codes(Array<number>(101).fill(1))).toEqual(['BAD_USER_INPUT']);
    expect(await codes([1], [])).toEqual(['BAD_USER_INPUT']);
    expect(await codes([1], ['no MD5'])).toEqual(['BAD_USER_INPUT']);
    expect(await codes([])).toEqual([]);
  });

  it('are limited for each viewer, and an aborted one makes room for the next', async () => {
    const sessions = await Promise.all([0, 1, 2].map(() => start(ada, png())));
    expect(await startCodes(png())).toEqual(['UPLOAD_LIMIT_REACHED']);
    await abort(ada, sessions[0]!.id);
    const codes = await Promise.all([0, 1, 2].map(() => startCodes(png())));
    expect(codes.flat()).toEqual(['UPLOAD_LIMIT_REACHED', 'UPLOAD_LIMIT_REACHED']);
  });

  it('are started once for the same idempotency key', async () => {
    const input = { ...png(), idempotencyKey: `key-${videoId}` };
    const ids = (await Promise.all([0, 1, 2, 3, 4].map(() => start(ada, input)))).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    expect(await startCodes({ ...input, size: input.size + 1 })).toEqual(['CONFLICT']);
    await sendAll(ada, { ...(await find(ada, ids[0]!))! }, fixtures.png.bytes);
    expect(await completed(ada, ids[0]!)).toMatchObject({ status: 'PUBLISHED' });
    expect(await start(ada, input)).toMatchObject({ id: ids[0], status: 'PUBLISHED' });
    // The keys of different viewers are independent.
    const other = await start(root, input);
    expect(other.id).not.toBe(ids[0]);
    await abort(root, other.id);
  });

  it('can be aborted, and report that afterwards', async () => {
    const before = await objectTraces(app);
    const session = await start(ada, png());
    const [part] = await partsOf(ada, session.id, [1]);
    expect(await put(part!, fixtures.png.bytes)).toBe(200);
    expect(await abort(ada, session.id)).toMatchObject({ status: 'ABORTED', bytesUploaded: 0 });
    expect(await abort(ada, session.id)).toMatchObject({ status: 'ABORTED' });
    expect(errorCodes(await complete(ada, session.id))).toEqual(['CONFLICT']);
    expect(errorCodes(await ada.send(gql.UploadPartsDocument, { id: session.id, numbers: [1] }))).toEqual(['CONFLICT']);
    // A URL that was signed before the abort can no longer be used.
    expect(await put(part!, fixtures.png.bytes)).toBeGreaterThanOrEqual(400);
    await app.app.sweeper.sweep();
    expect(await objectTraces(app)).toEqual(before);
  });

  it('are visible only to the viewer who started them; admins may see and abort them', async () => {
    const { id } = await start(ada, png());
    const sign = async (client: Client) => errorCodes(await client.send(gql.UploadPartsDocument, { id, numbers: [1] }));
    expect(await find(bob, id)).toBeNull();
    expect(errorCodes(await complete(bob, id))).toEqual(['NOT_FOUND']);
    expect(errorCodes(await bob.send(gql.AbortUploadDocument, { id }))).toEqual(['NOT_FOUND']);
    expect(await find(root, id)).toMatchObject({ id });
    expect(await sign(root)).toEqual(['FORBIDDEN']);
    expect(errorCodes(await complete(root, id))).toEqual(['FORBIDDEN']);
    const listed = async (client: Client) =>
      dataOf(await client.send(gql.UploadsDocument, { status: 'WAITING' })).uploads.nodes.map((node) => node.id);
    expect([await listed(ada), (await listed(root)).includes(id), await listed(bob)]).toEqual([[id], true, []]);
    expect(await abort(root, id)).toMatchObject({ status: 'ABORTED' });
    expect(await listed(ada)).toEqual([]);
  });

  it('are listed with the newest first, in pages', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await start(ada, png())).id);
    const first = dataOf(await ada.send(gql.UploadsDocument, { first: 2, status: 'WAITING' })).uploads;
    expect([first.totalCount, first.nodes.map(({ id }) => id)]).toEqual([3, ids.slice(0, 2)]);
    const after = first.pageInfo.endCursor!;
    const second = dataOf(await ada.send(gql.UploadsDocument, { first: 2, after, status: 'WAITING' })).uploads;
    expect([second.nodes.map(({ id }) => id), second.pageInfo.hasNextPage]).toEqual([ids.slice(2), false]);
  });

  it('fail when the viewer has lost the right or the record was deleted', async () => {
    const handed = (await createCourse(ada, { title: 'Handed over', status: 'PUBLISHED' })).id;
    const lost = await start(ada, { ...png(handed), slot: 'COURSE_THUMBNAIL' });
    await sendAll(ada, lost, fixtures.png.bytes);
    dataOf(await root.send(gql.UpdateCourseDocument, { id: handed, input: { instructorId: 'bob' } }));
    expect(errorCodes(await complete(ada, lost.id))).toEqual(['FORBIDDEN']);
    expect(await find(ada, lost.id)).toMatchObject({ status: 'FAILED', error: { code: 'FORBIDDEN' } });

    const gone = await start(ada, png());
    await ada.send(gql.DeleteVideoDocument, { id: videoId });
    expect(errorCodes(await ada.send(gql.UploadPartsDocument, { id: gone.id, numbers: [1] }))).toEqual(['NOT_FOUND']);
    expect(await find(ada, gone.id)).toMatchObject({ status: 'FAILED', error: { code: 'NOT_FOUND' } });
  });

  it('are published once by concurrent completions, and a concurrent abort wins or loses as a whole', async () => {
    for (let round = 0; round < 5; round++) {
      const session = await start(ada, png());
      await sendAll(ada, session, fixtures.png.bytes);
      const aborting = round % 2 === 1;
      await Promise.all([
        complete(ada, session.id),
        complete(ada, session.id),
        ...(aborting ? [ada.send(gql.AbortUploadDocument, { id: session.id })] : []),
      ]);
      const end = await settled(session.id);
      expect(aborting ? ['PUBLISHED', 'ABORTED'] : ['PUBLISHED']).toContain(end.status);
      expect(Boolean(end.media)).toBe(end.status === 'PUBLISHED');
    }
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('when several are completed for one slot, the last one is served and the others no longer have a file', async () => {
    const sessions: Session[] = [];
    for (const file of [fixtures.png, fixtures.gif, fixtures.webp]) {
      const session = await start(ada, { ...announced(file), slot: 'VIDEO_THUMBNAIL', ownerId: videoId });
      await sendAll(ada, session, file.bytes);
      sessions.push(session);
    }
    for (const { id } of sessions) expect(await completed(ada, id)).toMatchObject({ status: 'PUBLISHED' });
    const media = await Promise.all(sessions.map(async ({ id }) => (await find(ada, id))!.media?.contentType ?? null));
    expect(media).toEqual([null, null, 'image/webp']);
    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  async function settled(id: string): Promise<Session> {
    for (;;) {
      const session = (await find(ada, id))!;
      if (session.status !== 'VERIFYING') return session;
    }
  }
});

/** A file with its bytes in one buffer. */
function whole({ filename, contentType, chunks }: UploadFile) {
  return { filename, contentType, bytes: Buffer.concat([...chunks()]) };
}
