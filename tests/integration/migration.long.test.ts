import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import type { StorageName } from '../../src/storage/storage.js';
import { URL_LIFETIME, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { bigJpeg, fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import {
  bigVideo,
  createLibrary,
  damage,
  documentsIn,
  expectMigrated,
  journalRows,
  keysIn,
  liveFiles,
  migrate,
  migrateHere,
  startMigrating,
  startOn,
  switchTo,
} from '../support/migration.js';
import { vttFile } from '../support/samples.js';
import { sampleOf } from '../support/scope.js';
import { faultsOf, leftAfterSweep, letTimePass, releasedObjects } from '../support/wholeness.js';

type Library = Awaited<ReturnType<typeof createLibrary>>;

/** Both ways in `npm run test:all`. Otherwise this file runs on MongoDB only, where one way shows that the commands work. */
const WAYS = sampleOf<readonly [StorageName, StorageName]>(
  [
    ['local', 's3'],
    ['s3', 'local'],
  ],
  1,
);

let app: TestApp;
afterEach(async () => {
  vi.restoreAllMocks();
  await app.remove();
});

/** The signed URLs of all files of a library, in a fixed order. */
async function urlsOf(client: Client, { courseId, videoId, imageId }: Library): Promise<string[]> {
  const { course } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: courseId }));
  const { video } = dataOf(await client.send(gql.VideoItemsOfDocument, { id: videoId }));
  const { image } = dataOf(await client.send(gql.ImageDocument, { id: imageId }));
  const items = [...video!.captions!, ...video!.resources!].map(({ file }) => file.url);
  return [course!.thumbnailUrl!, course!.introVideoUrl!, video!.videoUrl!, video!.thumbnailUrl!, ...items, image!.url];
}

const sumsOf = (urls: readonly string[]): Promise<string[]> => Promise.all(urls.map(downloadedSha256));

/** The stored documents, without the fields that a migration changes. */
async function documents(): Promise<string[]> {
  const collections = await Promise.all(['courses', 'topics', 'videos', 'images'].map(documentsIn));
  const moved = ['storage', 'key', 'mediaRevision', 'released'];
  const rest = (name: string, value: unknown): unknown => (moved.includes(name) ? undefined : value);
  return collections.flat().map((document) => JSON.stringify(document, rest));
}

describe.skipIf(inject('s3') === null).each(WAYS)('lectern migrate-storage, from %s to %s', (from, to) => {
  let library: Library;
  const fill = async (ada: Client): Promise<void> => {
    library = await createLibrary(ada, 'Moved');
  };

  it('moves the files of all slots and changes nothing else in their records', async () => {
    app = await startMigrating(from, fill);
    const ada = await clientOf(app, 'ada');
    const [urls, before, keys] = [await urlsOf(ada, library), await documents(), await keysIn(app, from)];
    const sums = await sumsOf(urls);
    expect(keys).toHaveLength(urls.length);

    const { exitCode, stdout, stderr } = await migrate(app, to);
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^Moved 13 files to ${to} \\(\\d+\\.\\d KiB\\)\\.\n`));
    expect(stdout).toMatch(
      new RegExp(`\nThe server deletes each original from ${from} ${URL_LIFETIME} seconds after its move\\.\n$`),
    );
    expect(exitCode).toBe(0);
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).toEqual(keys);
    expect(await documents()).toEqual(before);
    const moved = await urlsOf(await clientOf(app, 'ada'), library);
    expect(moved.filter((url) => urls.includes(url))).toEqual([]);
    expect(await sumsOf(moved)).toEqual(sums);
    // Earlier URLs still work, and a second run finds nothing to do.
    expect(await sumsOf(urls)).toEqual(sums);
    expect(await migrateHere(app, to)).toEqual({ moved: 0, superseded: 0, movedBytes: 0, left: 0 });
  });

  it('moves a file of more than 30 MiB in parts', async () => {
    let videoId = '';
    app = await startMigrating(from, async (ada) => {
      const topicId = await createTopic(ada, (await createCourse(ada, { title: 'Long' })).id, 'Long');
      videoId = (await createVideo(ada, topicId, 'Long', { file: bigVideo })).id;
    });
    expect(await migrate(app, to)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`Moved 1 file to ${to} (33.0 MiB).\n`),
    });
    await expectMigrated(app, to);
    const { video } = dataOf(await (await clientOf(app, 'ada')).send(gql.VideoDocument, { id: videoId }));
    expect(await downloadedSha256(video!.videoUrl!)).toBe(bigVideo.sha256);
  });

  it('deletes the original of a moved file when that file is replaced or deleted', async () => {
    app = await startMigrating(from, fill);
    expect(await migrateHere(app, to)).toMatchObject({ moved: 13, left: 0 });
    const ada = await clientOf(app, 'ada');
    const { courseId, videoId, captionId, imageId } = library;
    const originals = (await keysIn(app, from)).length;

    dataOf(await ada.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file: fixtures.webm }));
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).toHaveLength(originals - 1);

    dataOf(await ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId }));
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).toHaveLength(originals - 2);

    dataOf(await ada.send(gql.DeleteImageDocument, { id: imageId }));
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).toHaveLength(originals - 3);

    dataOf(await ada.send(gql.DeleteCourseDocument, { id: courseId }));
    expect(await leftAfterSweep(app.app)).toBe(0);
    expect([await keysIn(app, from), await keysIn(app, to)]).toEqual([[], []]);
  });

  it('moves files while others are created, replaced and deleted', async () => {
    const videoIds: string[] = [];
    let topicId = '';
    app = await startMigrating(from, async (ada) => {
      const course = await createCourse(ada, { title: 'Busy' }, { thumbnail: fixtures.png });
      topicId = await createTopic(ada, course.id, 'Busy');
      for (let i = 0; i < 8; i++) {
        const files = { file: fixtures.video, thumbnail: fixtures.thumbnail };
        videoIds.push((await createVideo(ada, topicId, `Video ${String(i)}`, files)).id);
      }
      const input = { language: 'en' };
      const variables = { videoId: videoIds[0]!, file: null, input };
      for (let i = 0; i < 3; i++) dataOf(await ada.upload(gql.AddVideoCaptionDocument, variables, { file: vttFile() }));
    });
    const ada = await clientOf(app, 'ada');
    const acknowledged = new Map<string, string>();
    let running = true;
    let rounds = 0;
    const replaceAll = async (ids: readonly string[]): Promise<void> => {
      while (running) {
        for (const videoId of ids) {
          const file = rounds++ % 2 ? fixtures.webm : fixtures.matroska;
          dataOf(await ada.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file }));
          acknowledged.set(videoId, file.sha256);
        }
      }
    };
    const createAndDelete = async (): Promise<void> => {
      for (const id of videoIds.slice(6)) dataOf(await ada.send(gql.DeleteVideoDocument, { id }));
      const { video } = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: videoIds[0]! }));
      const captionId = video!.captions![1]!.id;
      dataOf(await ada.send(gql.DeleteVideoCaptionDocument, { videoId: video!.id, captionId }));
      while (running) {
        const { id } = await createVideo(ada, topicId, 'New', { file: fixtures.video, thumbnail: fixtures.png });
        if (rounds % 2) dataOf(await ada.send(gql.DeleteVideoDocument, { id }));
        else acknowledged.set(id, fixtures.video.sha256);
      }
    };
    const busy = Promise.all([replaceAll(videoIds.slice(0, 3)), replaceAll(videoIds.slice(3, 6)), createAndDelete()]);
    const outcome = await migrate(app, to, '--concurrency', '2').finally(() => {
      running = false;
      return busy;
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });

    await app.app.sweeper.sweep();
    await expectMigrated(app, to);
    for (const [id, sum] of acknowledged) {
      const { video } = dataOf(await ada.send(gql.VideoDocument, { id }));
      expect(await downloadedSha256(video!.videoUrl!)).toBe(sum);
    }
  });

  /** Runs `happening` when the copy of this file was written and is about to be read back. */
  function whenReadBack({ key }: { readonly key: string }, happening: () => Promise<void>): void {
    const target = app.app.storages.byName(to)!;
    const open = target.open.bind(target);
    // A key ends in random characters; the part before them comes from the file name.
    const slug = key.replace(/-\w{8}\.\w+$/, '-');
    vi.spyOn(target, 'open').mockImplementation(async (opened, options) => {
      if (opened.startsWith(slug)) await happening();
      return open(opened, options);
    });
  }

  it('removes the copy and the original of a file that was replaced meanwhile', async () => {
    app = await startMigrating(from, fill);
    const ada = await clientOf(app, 'ada');
    const { videoFile } = library.files;
    whenReadBack(videoFile, async () => {
      const variables = { videoId: library.videoId, file: null };
      dataOf(
        await ada.upload(gql.ReplaceVideoFileDocument, variables, { file: { ...fixtures.webm, filename: 'x.webm' } }),
      );
    });
    expect(await migrateHere(app, to)).toMatchObject({ moved: 12, superseded: 1, left: 0 });
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).not.toContain(videoFile.key);
  });

  it('does not restore a caption that was deleted during its move', async () => {
    app = await startMigrating(from, fill);
    const ada = await clientOf(app, 'ada');
    const { captionId, videoId, files } = library;
    let taken = false;
    whenReadBack(files.caption, async () => {
      if (taken) return;
      taken = true;
      dataOf(await ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId }));
    });
    await migrateHere(app, to);
    const { video } = dataOf(await ada.send(gql.VideoItemsOfDocument, { id: videoId }));
    expect(video!.captions!.map(({ language }) => language)).toEqual(['fr', 'de', 'pt-BR']);
    await expectMigrated(app, to);
  });

  it('moves files back under new keys while the first originals are still kept', async () => {
    app = await startMigrating(from, fill);
    const before = await keysIn(app, from);
    expect(await migrateHere(app, to)).toMatchObject({ moved: 13 });
    const copies = await keysIn(app, to);

    app = await switchTo(app, from);
    const ada = await clientOf(app, 'ada');
    const urls = await urlsOf(ada, library);
    const sums = await sumsOf(urls);
    expect(await migrateHere(app, from)).toMatchObject({ moved: 13, left: 0 });
    const live = (await liveFiles()).map(({ key }) => key);
    expect(live.filter((key) => before.includes(key) || copies.includes(key))).toEqual([]);
    expect(await sumsOf(await urlsOf(ada, library))).toEqual(sums);
    // URLs of the copies still work.
    expect(await sumsOf(urls)).toEqual(sums);
    expect(await releasedObjects()).toHaveLength(2 * before.length);

    // A replacement releases every earlier copy of its file.
    dataOf(
      await ada.upload(gql.ReplaceVideoFileDocument, { videoId: library.videoId, file: null }, { file: fixtures.webm }),
    );
    await app.app.sweeper.sweep();
    expect(await releasedObjects()).toHaveLength(2 * (before.length - 1));
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('deletes originals after the time of --keep-originals, and not before', async () => {
    app = await startMigrating(from, fill);
    const before = await keysIn(app, from);
    expect(await migrate(app, to, '--keep-originals', '2h')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`deletes each original from ${from} 7200 seconds after its move.\n`),
    });
    await app.app.sweeper.sweep();
    expect(await keysIn(app, from)).toEqual(before);
    const { nextDue } = await app.app.sweeper.waiting();
    expect(nextDue!.getTime() - Date.now()).toBeGreaterThan(7_000_000);
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await keysIn(app, from)).toEqual([]);
    await expectMigrated(app, to);
  });

  it('deletes originals at once with --keep-originals 0', async () => {
    app = await startMigrating(from, fill);
    expect(await migrateHere(app, to, { keepMs: 0 })).toMatchObject({ moved: 13, left: 0 });
    expect(await keysIn(app, from)).toEqual([]);
    await expectMigrated(app, to);
  });

  it('keeps an original readable with REPLACED_MEDIA_GRACE_SECONDS when its file is replaced', async () => {
    app = await startMigrating(from, fill);
    const { key } = library.files.videoFile;
    expect(await migrateHere(app, to)).toMatchObject({ moved: 13, left: 0 });
    app = await switchTo(app, to, { REPLACED_MEDIA_GRACE_SECONDS: '1800' });
    const ada = await clientOf(app, 'ada');
    const moved = (await liveFiles()).find(({ slot }) => slot === 'VIDEO_FILE')!.key;
    dataOf(
      await ada.upload(gql.ReplaceVideoFileDocument, { videoId: library.videoId, file: null }, { file: fixtures.webm }),
    );
    await app.app.sweeper.sweep();
    expect(await keysIn(app, from)).toContain(key);
    expect(await keysIn(app, to)).toContain(moved);
    const video = (await VideoModel.findById(library.videoId).lean())!;
    const dues = video.released!.filter((object) => [key, moved].includes(object.key)).map(({ due }) => due.getTime());
    expect(dues).toHaveLength(2);
    for (const due of dues) {
      expect(due - Date.now()).toBeGreaterThan(1_700_000);
      expect(due - Date.now()).toBeLessThanOrEqual(1_800_000);
    }
  });

  it.each(['byte', 'size', 'missing'] as const)(
    'leaves a file whose source differs from its record (%s) in place, and moves the others',
    async (how) => {
      app = await startMigrating(from, fill);
      const { key } = library.files.videoFile;
      if (how === 'missing') await app.app.storages.byName(from)!.delete([key]);
      else await damage(app, from, key, how);
      const reasons = {
        byte: `its SHA-256 in ${from} is not that of its record`,
        size: `its size in ${from} is not the ${String(fixtures.video.size)} bytes of its record`,
        missing: `it is missing from ${from}`,
      };
      for (const moved of [12, 0]) {
        const { exitCode, stdout, stderr } = await migrate(app, to);
        expect(stderr).toBe(`Left in ${from}: ${key}: ${reasons[how]}.\n`);
        expect(stdout).toContain(`Moved ${String(moved)} files`);
        expect(exitCode).toBe(1);
      }
      await app.app.sweeper.sweep();
      expect(await keysIn(app, to)).toHaveLength(12);
      expect((await VideoModel.findById(library.videoId).lean())!.file).toMatchObject({ storage: from, key });
      expect(await journalRows()).toEqual([]);
    },
  );

  it('removes a copy that differs from its original, and leaves the file in place', async () => {
    app = await startMigrating(from, fill);
    const { key } = library.files.videoFile;
    const target = app.app.storages.byName(to)!;
    const put = target.put.bind(target);
    let spoilt = false;
    vi.spyOn(target, 'put').mockImplementation(async (where, body, options) => {
      await put(where, body, options);
      if (spoilt || !where.startsWith('videos/')) return;
      spoilt = true;
      await damage(app, to, where, 'byte');
    });
    const left: string[] = [];
    const onLeft = ({ key: where }: { key: string }, reason: string) => left.push(`${where}: ${reason}`);
    expect(await migrateHere(app, to, { onLeft })).toMatchObject({ moved: 12, left: 1 });
    expect(left).toEqual([`${key}: its copy in ${to} differs from the original`]);
    await app.app.sweeper.sweep();
    expect((await keysIn(app, to)).filter((where) => where.startsWith('videos/'))).toEqual([]);
    vi.restoreAllMocks();
    expect(await migrateHere(app, to)).toMatchObject({ moved: 1 });
    await expectMigrated(app, to);
  });

  it('moves a file whose record has no checksum', async () => {
    app = await startMigrating(from, fill);
    await VideoModel.updateOne({ _id: library.videoId }, { $unset: { 'file.sha256': 1 } });
    expect(await migrateHere(app, to)).toMatchObject({ moved: 13, left: 0 });
    const { file } = (await VideoModel.findById(library.videoId).lean())!;
    expect(file).not.toHaveProperty('sha256');
    const { video } = dataOf(await (await clientOf(app, 'ada')).send(gql.VideoDocument, { id: library.videoId }));
    expect(await downloadedSha256(video!.videoUrl!)).toBe(fixtures.video.sha256);
  });

  it('makes a new copy when a copy was swept just before its publication', async () => {
    app = await startMigrating(from, fill);
    const owner = slotOwners.VIDEO_FILE;
    const read = owner.read.bind(owner);
    let swept = false;
    vi.spyOn(owner, 'read').mockImplementation(async (place) => {
      const copy = !swept && (await keysIn(app, to)).find((key) => key.startsWith('videos/'));
      if (copy) {
        swept = true;
        await letTimePass();
        await app.app.sweeper.sweep();
        expect(await keysIn(app, to)).not.toContain(copy);
      }
      return read(place);
    });
    expect(await migrateHere(app, to, { concurrency: 1 })).toMatchObject({ moved: 13, left: 0 });
    expect(swept).toBe(true);
    vi.restoreAllMocks();
    await expectMigrated(app, to);
  });
});

describe.skipIf(inject('s3') === null)('lectern migrate-storage refuses', () => {
  it('to move files away from the storage of new files', async () => {
    app = await startOn('local');
    await createCourse(await clientOf(app, 'ada'), { title: 'Stays' }, { thumbnail: fixtures.png });
    const { exitCode, stdout, stderr } = await migrate(app, 's3');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toBe(
      'New files go to local, not to s3. Set STORAGE=s3, restart the servers, then run this again.\n',
    );
    expect(await keysIn(app, 's3')).toEqual([]);
  });

  it('to run without a bucket, in either direction', async () => {
    app = await startOn('local');
    app = await switchTo(app, 'local', { S3_BUCKET_NAME: '' });
    for (const to of ['s3', 'local'] as const) {
      const { exitCode, stderr } = await migrate(app, to);
      expect([to, exitCode, stderr]).toEqual([to, 1, expect.stringMatching(/configured.* S3_BUCKET_NAME/)]);
    }
  });

  it('to run when a storage does not answer', async () => {
    app = await startOn('local');
    app = await switchTo(app, 's3', { S3_BUCKET_NAME: 'there-is-no-such-bucket' });
    const { exitCode, stdout, stderr } = await migrate(app, 's3');
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The file storage does not answer.*S3 variables\.\n$/);
  });

  it('a concurrency that is not a number from 1 to 16, and an unknown storage', async () => {
    app = await startOn('local');
    const outcomes = ['0', '17', '1.5', 'many'].map((text) => migrate(app, 'local', '--concurrency', text));
    for (const { exitCode, stderr } of await Promise.all(outcomes)) {
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('a whole number from 1 to 16')]);
    }
    expect((await migrate(app, 'nowhere')).stderr).toContain('There is no storage "nowhere". There are: ');
  });

  it('to run while another migration is running', async () => {
    app = await startMigrating('local', async (ada) => {
      await createCourse(ada, { title: 'Once' }, { thumbnail: bigJpeg(1024 ** 2) });
    });
    const target = app.app.storages.byName('s3')!;
    const put = target.put.bind(target);
    let second: Awaited<ReturnType<typeof migrate>> | undefined;
    vi.spyOn(target, 'put').mockImplementationOnce(async (...args) => {
      second = await migrate(app, 's3');
      return put(...args);
    });
    expect(await migrateHere(app, 's3')).toMatchObject({ moved: 1 });
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    expect(second!.stderr).toMatch(/^Another migration is running/);
    await expectMigrated(app, 's3');
  });
});
