import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import type { SlotOwner } from '../../src/media/slot-owner.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import {
  AddVideoCaptionDocument,
  CourseWithFilesDocument,
  DeleteVideoCaptionDocument,
  UploadCourseThumbnailDocument,
  VideoItemsOfDocument,
} from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { vttFile } from '../support/samples.js';
import { onAnyStorage } from '../support/storages.js';
import { faultsOf, leftAfterSweep, letTimePass } from '../support/wholeness.js';

/**
 * The driver sends an update again when its reply was lost, and other requests may run in between. These tests send the
 * update twice, with another request in between.
 */
onAnyStorage('an update that the driver sends twice', (storage) => {
  let app: TestApp;
  let ada: Client;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => app.remove());

  /** The next swap in this slot is carried out, then `between` runs, then the swap is sent again, and its reply is used. */
  function sendTwice(owner: SlotOwner, between: () => Promise<void>): void {
    const swap = owner.swap.bind(owner);
    vi.spyOn(owner, 'swap').mockImplementationOnce(async (...update) => {
      expect(await swap(...update)).toBe(true);
      await between();
      return swap(...update);
    });
  }

  async function videoId(title: string): Promise<string> {
    const { id: courseId } = await createCourse(ada, { title });
    return (await createVideo(ada, await createTopic(ada, courseId, title), title)).id;
  }

  it('does not restore a caption that was deleted in between', async () => {
    const id = await videoId('A caption that was deleted');
    const input = { language: 'en' };
    sendTwice(slotOwners.VIDEO_CAPTION, async () => {
      const [caption] = dataOf(await ada.send(VideoItemsOfDocument, { id })).video!.captions!;
      dataOf(await ada.send(DeleteVideoCaptionDocument, { videoId: id, captionId: caption!.id }));
    });
    const added = await ada.upload(AddVideoCaptionDocument, { videoId: id, file: null, input }, { file: vttFile() });

    expect(dataOf(added).addVideoCaption.captions).toEqual([]);
    expect(dataOf(await ada.send(VideoItemsOfDocument, { id })).video!.captions).toEqual([]);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('does not remove a file that was uploaded in between', async () => {
    const { id } = await createCourse(ada, { title: 'A thumbnail that came' }, { thumbnail: fixtures.webp });
    sendTwice(slotOwners.COURSE_THUMBNAIL, async () => {
      const files = { file: fixtures.png };
      dataOf(await ada.upload(UploadCourseThumbnailDocument, { courseId: id, file: null }, files));
    });
    const cleared = await app.app.lifeCycle.clear('COURSE_THUMBNAIL', { ownerId: id });

    expect(cleared).toBe(true);
    const { course } = dataOf(await ada.send(CourseWithFilesDocument, { id }));
    expect(course!.thumbnail!.sha256).toBe(fixtures.png.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('succeeds as a replacement whose file was replaced in between', async () => {
    const { id } = await createCourse(ada, { title: 'A thumbnail that was replaced' }, { thumbnail: fixtures.webp });
    sendTwice(slotOwners.COURSE_THUMBNAIL, async () => {
      const files = { file: fixtures.avif };
      dataOf(await ada.upload(UploadCourseThumbnailDocument, { courseId: id, file: null }, files));
    });
    const files = { file: fixtures.png };
    const answer = await ada.upload(UploadCourseThumbnailDocument, { courseId: id, file: null }, files);

    expect(dataOf(answer).uploadCourseThumbnail.thumbnail!.sha256).toBe(fixtures.avif.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('answers DATABASE_UNAVAILABLE when the outcome is unknown because the replaced file was swept', async () => {
    const { id } = await createCourse(ada, { title: 'A thumbnail that was swept' }, { thumbnail: fixtures.webp });
    sendTwice(slotOwners.COURSE_THUMBNAIL, async () => {
      const files = { file: fixtures.avif };
      dataOf(await ada.upload(UploadCourseThumbnailDocument, { courseId: id, file: null }, files));
      await letTimePass();
      expect(await leftAfterSweep(app.app)).toBe(0);
    });
    const files = { file: fixtures.png };
    const answer = await ada.upload(UploadCourseThumbnailDocument, { courseId: id, file: null }, files);

    expect(errorCodes(answer)).toEqual(['DATABASE_UNAVAILABLE']);
    const { course } = dataOf(await ada.send(CourseWithFilesDocument, { id }));
    expect(course!.thumbnail!.sha256).toBe(fixtures.avif.sha256);
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });
});
