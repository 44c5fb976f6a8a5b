import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { PutOptions } from '../../src/storage/storage.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { CourseWithFilesDocument, UploadCourseThumbnailDocument } from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { onAnyStorage } from '../support/storages.js';
import { faultsOf, leftAfterSweep, letTimePass } from '../support/wholeness.js';

const MAX_BYTES = 10 * 1024 ** 2;
const { signal } = new AbortController();

/** Uploads that stall beyond their deadline, and stores that carry out a put after they reported a failure. */
onAnyStorage('a replacement that stalls', (storage) => {
  let app: TestApp;
  let ada: Client;
  let courseId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    ({ id: courseId } = await createCourse(ada, { title: 'Stalls' }, { thumbnail: fixtures.webp }));
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => app.remove());

  const replaceThumbnail = () =>
    ada.upload(UploadCourseThumbnailDocument, { courseId, file: null }, { file: fixtures.png });

  /** The next put runs `around`, which gets the real put. */
  function store(around: (put: () => Promise<void>, options: PutOptions) => Promise<void>): void {
    const { current } = app.app.storages;
    const put = current.put.bind(current);
    vi.spyOn(current, 'put').mockImplementationOnce((key: string, body: Readable, options: PutOptions) =>
      around(() => put(key, body, options), options),
    );
  }

  /** Lets the deadline of the upload pass, and sweeps three times. */
  async function sweepPastDeadline(): Promise<void> {
    for (const sweep of [1, 2, 3]) {
      await letTimePass();
      expect((await app.app.sweeper.sweep()).failed, `sweep ${sweep}`).toBe(0);
    }
    expect(await UploadRowModel.countDocuments()).toBe(0);
  }

  async function expectOldThumbnailAlone(): Promise<void> {
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
    const { course } = dataOf(await ada.send(CourseWithFilesDocument, { id: courseId }));
    expect(course!.thumbnail!.sha256).toBe(fixtures.webp.sha256);
  }

  it('beyond its deadline before it stores leaves nothing behind', async () => {
    store(async (put) => {
      await sweepPastDeadline();
      await put();
    });
    expect(errorCodes(await replaceThumbnail())).toEqual(['UPLOAD_EXPIRED']);
    await expectOldThumbnailAlone();
  });

  it('beyond its deadline after it stored leaves nothing behind', async () => {
    store(async (put) => {
      await put();
      await sweepPastDeadline();
    });
    expect(errorCodes(await replaceThumbnail())).toEqual(['UPLOAD_EXPIRED']);
    await expectOldThumbnailAlone();
  });

  it('and whose object arrives after the put has failed is deleted by a sweep', async () => {
    let late = '';
    const { current } = app.app.storages;
    const put = current.put.bind(current);
    vi.spyOn(current, 'put').mockImplementationOnce(async (key) => {
      late = key;
      throw new LecternError('STORAGE_UNAVAILABLE');
    });
    expect(errorCodes(await replaceThumbnail())).toEqual(['STORAGE_UNAVAILABLE']);
    // The client's stream has ended: the same bytes are stored again from here.
    await put(late, Readable.from([fixtures.png.bytes]), { contentType: 'image/png', maxBytes: MAX_BYTES, signal });
    expect(await current.stat(late)).not.toBeNull();
    await expectOldThumbnailAlone();
    expect(await current.stat(late)).toBeNull();
  });
});
