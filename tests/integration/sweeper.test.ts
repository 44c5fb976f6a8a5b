import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { newId } from '../../src/database/ids.js';
import { LeaseModel } from '../../src/database/lease.model.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { PlacedObject } from '../../src/media/journal/journal.js';
import { SWEEP_LEASE } from '../../src/media/upkeep/sweeper.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { bigJpeg, bigMp4, fixtures } from '../support/fixtures.js';
import { CourseUnsignedDocument, CreateCourseDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { graphqlParts, multipartBody, rawRequest } from '../support/multipart.js';
import { waitUntil } from '../support/patience.js';
import { onAnyStorage } from '../support/storages.js';
import { tracesOf } from '../support/traces.js';
import { leftAfterSweep } from '../support/wholeness.js';

const MIB = 1024 ** 2;
const past = (): Date => new Date(Date.now() - 1_000);
const future = (): Date => new Date(Date.now() + 600_000);

onAnyStorage('the sweeper', (storage) => {
  let app: TestApp;
  let instructor: Client;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    instructor = await clientOf(app, 'ada');
  });
  afterAll(() => app.remove());

  /** Leaves what a server leaves that was killed after the last byte: an object and its pending row, without an owner. */
  async function leaveStored(deadline: Date): Promise<PlacedObject> {
    const ownerId = newId();
    const key = `course-thumbnails/${ownerId}/left-behind.jpg`;
    const object = { storage: storage.name, key, slot: 'COURSE_THUMBNAIL', place: { ownerId } } as const;
    await app.app.journal.addPending(object, newId(), deadline);
    const { contentType, size } = fixtures.thumbnail;
    const options = { contentType, maxBytes: size, signal: new AbortController().signal };
    await app.app.storages.current.put(key, Readable.from([fixtures.thumbnail.bytes]), options);
    return object;
  }

  const isStored = async (object: PlacedObject): Promise<boolean> =>
    (await app.app.storages.current.stat(object.key)) !== null;

  it('removes a stored object that was not published by its deadline', async () => {
    const object = await leaveStored(past());
    expect(await isStored(object)).toBe(true);
    // One step decides about the row, and one deletes the object.
    expect(await app.app.sweeper.sweep()).toEqual({ settled: 2, failed: 0, passedOver: 0 });
    expect(await isStored(object)).toBe(false);
    expect(await app.app.journal.find(object)).toBeNull();
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await app.app.sweeper.sweep()).toEqual({ settled: 0, failed: 0, passedOver: 0 });
  });

  it('keeps an object that may still be published', async () => {
    const object = await leaveStored(future());
    await app.app.sweeper.sweep();
    expect(await isStored(object)).toBe(true);
    expect(await app.app.journal.find(object)).toMatchObject({ state: 'pending' });
    await UploadRowModel.updateOne({ key: object.key }, { $set: { deadline: past() } });
    await app.app.sweeper.sweep();
    expect(await isStored(object)).toBe(false);
  });

  it('continues what an earlier sweep began', async () => {
    const [expired, doomed] = [await leaveStored(past()), await leaveStored(past())];
    await UploadRowModel.updateOne({ key: expired.key }, { $set: { state: 'expired' } });
    await app.app.journal.discard(doomed, past());
    await app.app.sweeper.sweep();
    expect([await isStored(expired), await isStored(doomed), await leftAfterSweep(app.app)]).toEqual([false, false, 0]);
  });

  it('keeps an object that its owner refers to, and removes the row', async () => {
    const course = await createCourse(instructor, { title: 'Published' }, { thumbnail: fixtures.thumbnail });
    const object: PlacedObject = {
      storage: storage.name,
      key: course.thumbnail!.key,
      slot: 'COURSE_THUMBNAIL',
      place: { ownerId: course.id },
    };
    await app.app.journal.addPending(object, newId(), past());
    await app.app.sweeper.sweep();
    expect(await app.app.journal.find(object)).toBeNull();
    expect(await downloadedSha256(course.thumbnailUrl!)).toBe(fixtures.thumbnail.sha256);
    expect(dataOf(await instructor.send(CourseUnsignedDocument, { id: course.id })).course?.thumbnail?.key).toBe(
      object.key,
    );
  });

  it('leaves an invisible tombstone for an owner that was not created, so that its late insert fails', async () => {
    const object = await leaveStored(past());
    await app.app.sweeper.sweep();
    const { ownerId } = object.place;
    expect(await CourseModel.findById(ownerId).lean()).toMatchObject({ deletedAt: expect.any(Date) });
    const admin = await clientOf(app, 'root', 'admin');
    expect(dataOf(await admin.send(CourseUnsignedDocument, { id: ownerId })).course).toBeNull();
    const late = CourseModel.collection.insertOne({ _id: ownerId as never });
    await expect(late).rejects.toMatchObject({ code: 11000 });
  });

  it.each([
    ['sent in one piece', { thumbnail: bigJpeg(4 * MIB) }],
    ['sent in several pieces', { introVideo: bigMp4(25 * MIB) }],
  ])(
    'makes an upload that is past its deadline fail with UPLOAD_EXPIRED, and leaves nothing of it (%s)',
    async (_how, files) => {
      const before = (await tracesOf(app)).filter((trace) => !trace.startsWith('courses '));
      const variables = { input: { title: 'Too late' } };
      const body = multipartBody(graphqlParts({ document: CreateCourseDocument, variables, files }));
      let swept: string | undefined;
      const beforeChunk = async (sent: number): Promise<void> => {
        if (sent < body.size - 2 * MIB || swept !== undefined) return;
        const row = await waitUntil(() => UploadRowModel.findOne({ state: 'pending' }).lean());
        swept = row.ownerId;
        await UploadRowModel.updateOne({ _id: row._id }, { $set: { deadline: past() } });
        await app.app.sweeper.sweep();
      };
      const { response } = await rawRequest(app.url, { body, beforeChunk, token: instructor.token });
      expect(swept).toBeDefined();
      expect(JSON.parse(response!.text)).toMatchObject({
        errors: [{ extensions: { code: 'UPLOAD_EXPIRED', retryable: true } }],
      });
      await app.app.sweeper.sweep();
      expect((await tracesOf(app)).filter((trace) => !trace.startsWith('courses '))).toEqual(before);
      expect(await CourseModel.findById(swept).lean()).toMatchObject({ deletedAt: expect.any(Date) });
    },
  );

  it('sweeps once for concurrent calls', async () => {
    const objects = [await leaveStored(past()), await leaveStored(past()), await leaveStored(past())];
    await Promise.all([app.app.sweeper.sweep(), app.app.sweeper.sweep(), app.app.sweeper.sweep()]);
    expect(await Promise.all(objects.map(isStored))).toEqual([false, false, false]);
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});

it('a server that stops during its first sweep leaves no lease, so that another can sweep at once', async () => {
  const app = await startApp({}, undefined, { sweepsByItself: true });
  await app.app.sweeper.stop();
  expect(await LeaseModel.countDocuments({ _id: SWEEP_LEASE })).toBe(0);
  await app.remove();
});
