import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { newId } from '../../src/database/ids.js';
import { LecternError } from '../../src/errors.js';
import type { PlacedObject } from '../../src/media/journal/journal.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { DeleteTopicDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';

const past = (): Date => new Date(Date.now() - 1_000);

describe('a sweep completes its other work despite', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startApp();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.remove();
  });

  const objectOf = (facts: Partial<PlacedObject> = {}): PlacedObject => {
    const ownerId = newId();
    return { storage: 'local', key: `videos/${ownerId}/x.mp4`, slot: 'VIDEO_FILE', place: { ownerId }, ...facts };
  };

  async function store({ key }: PlacedObject): Promise<void> {
    const options = { contentType: 'video/mp4', maxBytes: 100, signal: new AbortController().signal };
    await app.app.storages.local.put(key, Readable.from([Buffer.from('left behind')]), options);
  }

  const isStored = async ({ key }: PlacedObject): Promise<boolean> => (await app.app.storages.local.stat(key)) !== null;

  /** Makes one item of each kind that a sweep must settle: an overdue upload, a discarded one, a released file. */
  async function leaveHealthyWork(): Promise<() => Promise<void>> {
    const [overdue, doomed, released] = [objectOf(), objectOf(), objectOf()];
    for (const object of [overdue, doomed, released]) await store(object);
    await app.app.journal.addPending(overdue, newId(), past());
    await app.app.journal.discard(doomed, past());
    await release(released);
    return async () => {
      expect(await Promise.all([overdue, doomed, released].map(isStored))).toEqual([false, false, false]);
      for (const object of [overdue, doomed]) expect(await app.app.journal.find(object)).toBeNull();
      expect(await VideoModel.findById(released.place.ownerId).lean()).toMatchObject({ released: [] });
    };
  }

  /** Makes a deleted owner with a released object that is due. */
  async function release({ storage, key, place }: PlacedObject): Promise<void> {
    const entries = [{ storage, key, fileId: newId(), due: past() }];
    const tombstone = { _id: place.ownerId as never, mediaRevision: 1, deletedAt: new Date(), released: entries };
    await VideoModel.collection.insertOne(tombstone);
  }

  it.each<[string, number, number, () => Promise<void>]>([
    [
      'an overdue row of an unknown slot',
      1,
      0,
      () => app.app.journal.addPending(objectOf({ slot: 'NEW_SLOT' as 'IMAGE' }), newId(), past()),
    ],
    ['a doomed row in an unknown storage', 1, 0, () => app.app.journal.discard(objectOf({ storage: 'tape' }), past())],
    ['a doomed row with an invalid key', 0, 1, () => app.app.journal.discard(objectOf({ key: '../x' }), past())],
    ['a released object in an unknown storage', 1, 0, () => release(objectOf({ storage: 'tape' }))],
    ['a released object with an invalid key', 0, 1, () => release(objectOf({ key: '../x' }))],
  ])('%s', async (_what, passedOver, failed, poison) => {
    await poison();
    const expectSettled = await leaveHealthyWork();
    expect(await app.app.sweeper.sweep()).toEqual({ settled: 4, failed, passedOver });
    await expectSettled();
    expect(await app.app.telemetry.counted('swept')).toBe(4);
    expect(await app.app.telemetry.counted('passed_over')).toBe(passedOver);
  });

  it('an owner that cannot be read', async () => {
    const poisoned = objectOf();
    await VideoModel.collection.insertOne({
      _id: poisoned.place.ownerId as never,
      mediaRevision: 'not a number',
    });
    await app.app.journal.addPending(poisoned, newId(), past());
    const expectSettled = await leaveHealthyWork();
    expect(await app.app.sweeper.sweep()).toMatchObject({ settled: 4, failed: 1 });
    await expectSettled();
    // It is postponed, each time for longer.
    const row = (await UploadRowModel.findById(`local/${poisoned.key}`).lean())!;
    expect(row).toMatchObject({ state: 'expired', failures: 1 });
    expect(row.deadline!.getTime()).toBeGreaterThan(Date.now());
    await UploadRowModel.updateOne({ _id: row._id }, { $set: { deadline: past() } });
    await app.app.sweeper.sweep();
    const again = (await UploadRowModel.findById(row._id).lean())!;
    expect(again.deadline!.getTime() - Date.now()).toBeGreaterThan(row.deadline!.getTime() - Date.now() + 20_000);
  });

  it('a cascade that fails', async () => {
    const ada = await clientOf(app, 'ada');
    const { id: courseId } = await createCourse(ada, { title: 'Cascade' });
    const [bad, good] = [await createTopic(ada, courseId, 'Bad'), await createTopic(ada, courseId, 'Good')];
    const stuck = await createVideo(ada, bad, 'Stuck', { file: fixtures.video });
    const free = await createVideo(ada, good, 'Free', { file: fixtures.video });
    await VideoModel.collection.updateOne({ _id: stuck.id as never }, { $set: { mediaRevision: 'not a number' } });
    await TopicModel.updateMany({ _id: { $in: [bad, good] } }, { $set: { deletedAt: new Date() } });
    await app.app.sweeper.sweep();
    expect(await VideoModel.findById(free.id).lean()).toMatchObject({ deletedAt: expect.any(Date) });
    expect(await VideoModel.findById(stuck.id).lean()).not.toHaveProperty('deletedAt');
    const expectSettled = await leaveHealthyWork();
    await app.app.sweeper.sweep();
    await expectSettled();
    // New deletions by clients succeed as well.
    dataOf(await ada.send(DeleteTopicDocument, { id: await createTopic(ada, courseId, 'Third') }));
  });

  it('a storage that is unavailable, which it asks twice at most', async () => {
    const away = Array.from({ length: 5 }, () => objectOf());
    for (const object of away) await app.app.journal.discard(object, past());
    const deletion = vi
      .spyOn(app.app.storages.local, 'delete')
      .mockImplementation(() => Promise.reject(new LecternError('STORAGE_UNAVAILABLE')));
    const summary = await app.app.sweeper.sweep();
    expect(summary.settled).toBe(0);
    expect(summary.failed + summary.passedOver).toBe(away.length);
    // Once for all objects together, then once for only the first one.
    expect(deletion.mock.calls.length).toBeLessThanOrEqual(2);
    deletion.mockRestore();
    await UploadRowModel.updateMany({}, { $set: { due: past() } });
    expect(await app.app.sweeper.sweep()).toMatchObject({ settled: away.length });
  });
});
