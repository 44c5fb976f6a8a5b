import { mongo } from 'mongoose';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { Storage, StorageName } from '../../src/storage/storage.js';
import type { TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { keysIn, migrateHere, otherThan, startOn, switchTo } from '../support/migration.js';
import { waitUntil } from '../support/patience.js';
import { sampleOf } from '../support/scope.js';
import { faultsOf, leftAfterSweep, letTimePass } from '../support/wholeness.js';

/** A migration whose steps are delayed or sent twice, while other work goes on. */
describe.skipIf(inject('s3') === null).each(sampleOf(['local', 's3'], 1))('a migration to %s', (to: StorageName) => {
  let app: TestApp;
  let ada: Client;
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.remove();
  });

  /** Makes a course with a thumbnail in the other storage. Returns its id. */
  async function courseInSource(): Promise<string> {
    app = await startOn(otherThan(to));
    ada = await clientOf(app, 'ada');
    return (await createCourse(ada, { title: 'Moves' }, { thumbnail: fixtures.png })).id;
  }

  const target = (): Storage => app.app.storages.byName(to)!;
  const source = (): Storage => app.app.storages.byName(otherThan(to))!;

  async function thumbnailOf(id: string) {
    return dataOf(await ada.send(CourseWithFilesDocument, { id })).course!.thumbnail;
  }

  async function expectWhole(): Promise<void> {
    await letTimePass();
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  }

  it('copies a file again under another key when the copy was swept while it was read back', async () => {
    const id = await courseInSource();
    const put = vi.spyOn(target(), 'put');
    const open = target().open.bind(target());
    vi.spyOn(target(), 'open').mockImplementationOnce(async (...asked) => {
      await letTimePass();
      expect(await leftAfterSweep(app.app)).toBe(0);
      return open(...asked);
    });
    expect(await migrateHere(app, to)).toMatchObject({ moved: 1, left: 0 });

    const keys = put.mock.calls.map(([key]) => key);
    expect(new Set(keys).size).toBe(2);
    expect(await keysIn(app, to)).toEqual([keys[1]]);
    expect(await thumbnailOf(id)).toMatchObject({ key: keys[1], sha256: fixtures.png.sha256 });
    await expectWhole();
  });

  it('leaves a file and continues when its copy was swept and the database does not answer', async () => {
    const id = await courseInSource();
    const open = target().open.bind(target());
    vi.spyOn(target(), 'open').mockImplementationOnce(async (...asked) => {
      await letTimePass();
      expect(await leftAfterSweep(app.app)).toBe(0);
      return open(...asked);
    });
    vi.spyOn(app.app.journal, 'find').mockRejectedValueOnce(new mongo.MongoNetworkError('away'));
    const onLeft = vi.fn();
    expect(await migrateHere(app, to, { onLeft })).toMatchObject({ moved: 0, left: 1 });

    expect(onLeft).toHaveBeenCalledExactlyOnceWith(expect.anything(), `it is missing from ${to}`);
    expect(await thumbnailOf(id)).toMatchObject({ sha256: fixtures.png.sha256 });
    await expectWhole();
    expect(await keysIn(app, to)).toEqual([]);
  });

  it('does not restore a thumbnail that was cleared before the driver sent its update again', async () => {
    const id = await courseInSource();
    const owner = slotOwners.COURSE_THUMBNAIL;
    const swap = owner.swap.bind(owner);
    vi.spyOn(owner, 'swap').mockImplementationOnce(async (...update) => {
      expect(await swap(...update)).toBe(true);
      expect(await app.app.lifeCycle.clear('COURSE_THUMBNAIL', { ownerId: id })).toBe(true);
      return swap(...update);
    });
    expect(await migrateHere(app, to)).toMatchObject({ moved: 1, left: 0 });

    expect(await thumbnailOf(id)).toBeNull();
    await expectWhole();
    expect([await keysIn(app, to), await keysIn(app, otherThan(to))]).toEqual([[], []]);
  });

  it('stores nothing for a row whose deadline passed while the original was being opened', async () => {
    await courseInSource();
    app = await switchTo(app, otherThan(to), { PENDING_DEADLINE_SECONDS: '2', UPLOAD_STALL_SECONDS: '1' });
    const put = vi.spyOn(target(), 'put');
    const open = source().open.bind(source());
    let expired = '';
    vi.spyOn(source(), 'open').mockImplementationOnce(async (...asked) => {
      const stream = await open(...asked);
      const row = await waitUntil(() => UploadRowModel.findOne({ deadline: { $lte: new Date() } }).lean());
      expired = row.key;
      return stream;
    });
    expect(await migrateHere(app, to)).toMatchObject({ moved: 1, left: 0 });

    const keys = put.mock.calls.map(([key]) => key);
    expect(keys).toHaveLength(1);
    expect(keys).not.toContain(expired);
    await expectWhole();
    expect(await keysIn(app, to)).toEqual(keys);
  });
});
