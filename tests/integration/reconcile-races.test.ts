import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import { newId } from '../../src/database/ids.js';
import type { PlacedObject } from '../../src/media/journal/journal.js';
import type { Finding, ReconciliationOptions } from '../../src/media/upkeep/reconciliation.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client, type CreatedCourse } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { DeleteCourseDocument, UploadCourseThumbnailDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep, letTimePass } from '../support/wholeness.js';

const SLOT = 'COURSE_THUMBNAIL';
const owner = slotOwners[SLOT];
const future = (): Date => new Date(Date.now() + 600_000);

/** Makes other work happen between two reads of the reconciliation, every time. */
onAnyStorage('reconciliation during other work', (storage) => {
  let app: TestApp;
  let ada: Client;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.app.sweeper.sweep();
    expect(await findings()).toEqual([]);
  });
  afterAll(() => app.remove());

  async function findings(options?: ReconciliationOptions): Promise<Finding[]> {
    const found: Finding[] = [];
    for await (const finding of app.app.reconciliation.findings(options)) found.push(finding);
    return found;
  }

  /** Runs `before` and `after` around each of the next times that owners are asked for their files. */
  function whenOwnersAreAsked(...happenings: readonly { before?: () => Promise<void>; after?: () => Promise<void> }[]) {
    const { collection } = owner;
    const ask = collection.heldBy.bind(collection);
    const spy = vi.spyOn(collection, 'heldBy');
    for (const { before, after } of happenings) {
      spy.mockImplementationOnce(async (ids) => {
        await before?.();
        const answer = await ask(ids);
        await after?.();
        return answer;
      });
    }
    return spy;
  }

  const courseWithThumbnail = (): Promise<CreatedCourse> =>
    createCourse(ada, { title: 'Between two looks' }, { thumbnail: fixtures.thumbnail });

  async function replaceThumbnail({ id: courseId }: CreatedCourse): Promise<void> {
    dataOf(await ada.upload(UploadCourseThumbnailDocument, { courseId, file: null }, { file: fixtures.png }));
  }

  /** Stores an object with a pending row, as an upload does before it publishes. */
  async function uploaded(ownerId: string): Promise<PlacedObject> {
    const key = `course-thumbnails/${ownerId}/new-${newId().slice(-8)}.jpg`;
    const object = { storage: storage.name, key, slot: SLOT, place: { ownerId } } as const;
    await app.app.journal.addPending(object, newId(), future());
    const options = { contentType: 'image/jpeg', maxBytes: 1e6, signal: new AbortController().signal };
    await app.app.storages.current.put(key, Readable.from([fixtures.thumbnail.bytes]), options);
    return object;
  }

  /** Publishes an object, as an upload does at its end. */
  async function publish({ key, place }: PlacedObject, like: CreatedCourse): Promise<void> {
    const { file } = (await owner.read({ ownerId: like.id }))!;
    const seen = (await owner.read(place))!;
    const next = Object.assign(file!, { key, id: newId() });
    expect(await owner.swap(place, seen, { next, releaseAt: future() })).toBe(true);
    await app.app.journal.remove([{ storage: storage.name, key }]);
  }

  it('does not report a file that is replaced after it was listed', async () => {
    const course = await courseWithThumbnail();
    const asked = whenOwnersAreAsked({ before: () => replaceThumbnail(course) });
    expect(await findings()).toEqual([]);
    // The owner's `released` list contains it by then, so that the first answer is enough.
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('does not report a file that is published after its owner was asked', async () => {
    const course = await courseWithThumbnail();
    const empty = await createCourse(ada, { title: 'Empty' });
    const object = await uploaded(empty.id);
    const asked = whenOwnersAreAsked({ after: () => publish(object, course) });
    expect(await findings()).toEqual([]);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('does not report a file that is published and replaced between the two times its owner is asked', async () => {
    const course = await courseWithThumbnail();
    const empty = await createCourse(ada, { title: 'Empty' });
    const object = await uploaded(empty.id);
    const replaceAgain = async (): Promise<void> => {
      const seen = (await owner.read(object.place))!;
      expect(await owner.swap(object.place, seen, { next: null, releaseAt: future() })).toBe(true);
    };
    whenOwnersAreAsked({ after: () => publish(object, course) }, { before: replaceAgain });
    expect(await findings()).toEqual([]);
    await letTimePass();
  });

  it('does not report a missing file that its record has released, or whose record is deleted', async () => {
    const [replaced, deleted] = [await courseWithThumbnail(), await courseWithThumbnail()];
    const stat = app.app.storages.current.stat.bind(app.app.storages.current);
    vi.spyOn(app.app.storages.current, 'stat').mockImplementation(async (key) => {
      if (key === replaced.thumbnail!.key) await replaceThumbnail(replaced);
      if (key === deleted.thumbnail!.key) dataOf(await ada.send(DeleteCourseDocument, { id: deleted.id }));
      return stat(key);
    });
    expect(await findings()).toEqual([]);
  });

  it('keeps an orphan that is published before its deletion', async () => {
    const [one, two] = [await courseWithThumbnail(), await courseWithThumbnail()];
    const object = await uploaded((await createCourse(ada, { title: 'Empty' })).id);
    await app.app.journal.remove([object]);
    // It is counted as an orphan, found again as one, and then its owner is asked once more.
    const listing = app.app.storages.current.list.bind(app.app.storages.current);
    let listed = 0;
    vi.spyOn(app.app.storages.current, 'list').mockImplementation(async function* (prefix) {
      yield* listing(prefix);
      if (prefix.startsWith('course-thumbnails') && (listed += 1) === 2) {
        whenOwnersAreAsked({}, {}, { before: () => publish(object, one) });
      }
    });
    const deletion = { deleteOrphans: { olderThan: new Date(Date.now() + 60_000), force: false } };
    expect(await findings(deletion)).toEqual([]);
    expect((await owner.read(object.place))?.file?.key).toBe(object.key);
    for (const { key } of [object, one.thumbnail!, two.thumbnail!]) {
      expect(await app.app.storages.current.stat(key)).not.toBeNull();
    }
  });

  it('journals an orphan that cannot be deleted now, and the sweep deletes it', async () => {
    await courseWithThumbnail();
    const object = await uploaded(newId());
    await app.app.journal.remove([object]);
    const rows: unknown[] = [];
    const deletion = vi.spyOn(app.app.storages.current, 'delete').mockImplementationOnce(async () => {
      rows.push(await app.app.journal.find(object));
      throw new Error('not now');
    });
    const options = { deleteOrphans: { olderThan: new Date(Date.now() + 60_000), force: false } };
    expect(await findings(options)).toMatchObject([{ kind: 'orphan-object', key: object.key, deleted: false }]);
    expect(deletion).toHaveBeenCalledWith([object.key]);
    expect(rows).toMatchObject([{ state: 'doomed', ownerId: object.place.ownerId, slot: SLOT }]);
    expect(await findings()).toEqual([]);
    await app.app.sweeper.sweep();
    expect(await app.app.storages.current.stat(object.key)).toBeNull();
    expect(await leftAfterSweep(app.app)).toBe(0);
  });
});
