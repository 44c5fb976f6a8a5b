import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { newId } from '../../src/database/ids.js';
import { CopyJournal, counterpart } from '../../src/media/journal/copy-journal.js';
import type { JournalledObject } from '../../src/media/journal/journal.js';
import { MediaObjectModel } from '../../src/media/journal/media-object.model.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import type { StorageName } from '../../src/storage/storage.js';
import type { TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import {
  damage,
  expectMigrated,
  journalRows,
  keysIn,
  liveFiles,
  migrate,
  migrateHere,
  startMigrating,
  switchTo,
} from '../support/migration.js';
import { vttFile } from '../support/samples.js';

const WAYS: readonly [StorageName, StorageName][] = [
  ['local', 's3'],
  ['s3', 'local'],
];
const past = (): Date => new Date(Date.now() - 1_000);
const future = (): Date => new Date(Date.now() + 600_000);

describe.skipIf(inject('s3') === null).each(WAYS)('the originals of a migration from %s to %s', (from, to) => {
  const copies = new CopyJournal();
  let app: TestApp;
  let ada: Client;
  let videoId: string;
  let captionId: string;
  let key: string;
  /** The file of the video where it was, and where it goes. */
  let original: JournalledObject;
  let copy: JournalledObject;

  /** A video with its file, a thumbnail and a caption: three files in `from`, and new ones go to `to`. */
  beforeEach(async () => {
    app = await startMigrating(from, async (client) => {
      const topicId = await createTopic(client, (await createCourse(client, { title: 'Kept' })).id, 'Kept');
      const files = { file: fixtures.video, thumbnail: fixtures.png };
      const video = await createVideo(client, topicId, 'Kept', files);
      videoId = video.id;
      key = video.file!.key;
      const variables = { videoId, file: null, input: { language: 'en' } };
      const added = dataOf(await client.upload(gql.AddVideoCaptionDocument, variables, { file: vttFile() }));
      captionId = added.addVideoCaption.captions![0]!.id;
    });
    ada = await clientOf(app, 'ada');
    // The sweep of the start is over before a test makes what sweeps take up.
    await app.app.sweeper.sweep();
    original = { storage: from, key, slot: 'VIDEO_FILE', place: { ownerId: videoId } };
    copy = counterpart(original);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.remove();
  });

  const replace = async (): Promise<void> => {
    dataOf(await ada.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file: fixtures.webm }));
  };
  const videoSum = async (): Promise<string> => {
    const { video } = dataOf(await ada.send(gql.VideoDocument, { id: videoId }));
    return downloadedSha256(video!.videoUrl!);
  };
  const store = async (object: JournalledObject, bytes: Uint8Array): Promise<void> => {
    const options = { contentType: 'video/mp4', maxBytes: bytes.length, signal: new AbortController().signal };
    await app.app.storages.byName(object.storage)!.put(object.key, Readable.from([bytes]), options);
  };
  const setDeadline = (deadline: Date) => MediaObjectModel.updateMany({ state: 'pending' }, { $set: { deadline } });

  /** The first decides, the second deletes what that doomed. */
  const sweepTwice = async (): Promise<void> => {
    await app.app.sweeper.sweep();
    await app.app.sweeper.sweep();
  };

  describe('--delete-originals', () => {
    it('deletes them once their copies were read and found whole', async () => {
      expect(await migrate(app, to)).toMatchObject({ exitCode: 0 });
      expect(await keysIn(app, from)).toHaveLength(3);
      expect(await migrate(app, to, '--delete-originals')).toEqual({
        exitCode: 0,
        stdout: `Moved 0 files to ${to} (0 bytes).\nDeleted 3 files from ${from}.\n`,
        stderr: '',
      });
      expect([await keysIn(app, from), await journalRows()]).toEqual([[], []]);
      await expectMigrated(app, to);
      expect(await videoSum()).toBe(fixtures.video.sha256);
    });

    it('can go with the move itself', async () => {
      const { exitCode, stdout } = await migrate(app, to, '--delete-originals');
      expect([exitCode, stdout]).toEqual([
        0,
        expect.stringMatching(/^Moved 3 files to .*\nDeleted 3 files from .*\n$/),
      ]);
      expect([await keysIn(app, from), await journalRows()]).toEqual([[], []]);
      await expectMigrated(app, to);
    });

    it.each(['byte', 'size', 'missing'] as const)('leaves one whose copy is damaged (%s), and says so', async (how) => {
      await migrateHere(app, to);
      if (how === 'missing') await app.app.storages.byName(to)!.delete([key]);
      else await damage(app, to, key, how);
      const { exitCode, stdout, stderr } = await migrate(app, to, '--delete-originals');
      expect(stderr).toBe(`Left in ${from}: ${key}: the copy in ${to} is missing or damaged.\n`);
      expect(stdout).toContain(`Deleted 2 files from ${from}.\n1 file had to be left where they are: see above.\n`);
      expect(exitCode).toBe(1);
      expect([await keysIn(app, from), await journalRows()]).toEqual([[key], [`kept ${from}/${key}`]]);
      const stream = await app.app.storages.byName(from)!.open(key);
      expect(Buffer.concat(await stream.toArray())).toEqual(fixtures.video.bytes);
    });

    it('deletes one that nobody refers to any more', async () => {
      await migrateHere(app, to);
      const lost: JournalledObject = {
        ...original,
        key: `videos/${newId()}/lost-12345678.mp4`,
        place: { ownerId: newId() },
      };
      await store(lost, fixtures.video.bytes);
      await copies.keep(lost);
      const left: string[] = [];
      const options = { deleteOriginals: true, onLeft: ({ key: where }: { key: string }) => left.push(where) };
      expect(await migrateHere(app, to, options)).toMatchObject({ originalsDeleted: 4, left: 0 });
      expect([left, await keysIn(app, from), await journalRows()]).toEqual([[], [], []]);
    });

    it('never deletes what a record refers to', async () => {
      await migrateHere(app, to);
      // As if it had come back just now.
      const file = (await VideoModel.findById(videoId).lean())!.file!;
      await VideoModel.updateOne({ _id: videoId }, { $set: { 'file.storage': from } });
      const left: string[] = [];
      const onLeft = ({ key: where }: { key: string }, reason: string) => left.push(`${where}: ${reason}`);
      vi.spyOn(slotOwners.VIDEO_FILE, 'files').mockImplementation(async function* () {
        // The run does not move it away again.
      });
      await migrateHere(app, to, { deleteOriginals: true, onLeft });
      expect(left).toEqual([`${file.key}: its record still refers to it`]);
      expect(await keysIn(app, from)).toEqual([key]);
    });

    it('verifies by the original where the record has no checksum', async () => {
      await VideoModel.updateOne({ _id: videoId }, { $unset: { 'file.sha256': 1 } });
      expect(await migrateHere(app, to)).toMatchObject({ copied: 3, left: 0 });
      expect((await VideoModel.findById(videoId).lean())!.file).not.toHaveProperty('sha256');
      expect(await videoSum()).toBe(fixtures.video.sha256);
      await damage(app, to, key, 'byte');
      const left: string[] = [];
      const onLeft = ({ key: where }: { key: string }) => left.push(where);
      await migrateHere(app, to, { deleteOriginals: true, onLeft });
      expect([left, await keysIn(app, from)]).toEqual([[key], [key]]);
    });
  });

  it.each(['byte', 'size', 'missing'] as const)(
    'a source that is not what its record says (%s) is left as it is, and the rest is moved',
    async (how) => {
      if (how === 'missing') await app.app.storages.byName(from)!.delete([key]);
      else await damage(app, from, key, how);
      const reasons = {
        byte: `in ${from} its SHA-256 is not that of its record`,
        size: `in ${from} it has not the ${String(fixtures.video.size)} bytes of its record`,
        missing: `it is missing from ${from}`,
      };
      for (const moved of [2, 0]) {
        const { exitCode, stdout, stderr } = await migrate(app, to);
        expect(stderr).toBe(`Left in ${from}: ${key}: ${reasons[how]}.\n`);
        expect(stdout).toContain(`Moved ${String(moved)} files`);
        expect(exitCode).toBe(1);
      }
      expect(await keysIn(app, to)).toHaveLength(2);
      expect(await keysIn(app, to)).not.toContain(key);
      expect((await VideoModel.findById(videoId).lean())!.file!.storage).toBe(from);
      expect((await journalRows()).filter((row) => !row.startsWith('kept '))).toEqual([]);
    },
  );

  it('a copy that reads back differently is removed, and the file stays where it is', async () => {
    const target = app.app.storages.byName(to)!;
    const put = target.put.bind(target);
    let spoilt = false;
    vi.spyOn(target, 'put').mockImplementation(async (where, body, options) => {
      await put(where, body, options);
      if (where !== key || spoilt) return;
      spoilt = true;
      await damage(app, to, key, 'byte');
    });
    const left: string[] = [];
    const onLeft = ({ key: where }: { key: string }, reason: string) => left.push(`${where}: ${reason}`);
    expect(await migrateHere(app, to, { onLeft })).toMatchObject({ copied: 2, left: 1 });
    expect(left).toEqual([`${key}: what was written to ${to} read back differently`]);
    expect(await keysIn(app, to)).not.toContain(key);
    expect((await journalRows()).filter((row) => row.includes(key))).toEqual([]);
    expect(await videoSum()).toBe(fixtures.video.sha256);
    vi.restoreAllMocks();
    expect(await migrateHere(app, to)).toMatchObject({ copied: 1 });
    await expectMigrated(app, to);
  });

  it('leaves alone what somebody else put under the key of a copy', async () => {
    await store(copy, fixtures.webm.bytes);
    const left: string[] = [];
    const onLeft = (_object: unknown, reason: string) => left.push(reason);
    expect(await migrateHere(app, to, { onLeft })).toMatchObject({ copied: 2, left: 1 });
    expect(left).toEqual([`${to} holds something else under its key`]);
    const stream = await app.app.storages.byName(to)!.open(key);
    expect(Buffer.concat(await stream.toArray())).toEqual(fixtures.webm.bytes);
    expect(await journalRows()).not.toContain(`pending ${to}/${key}`);
  });

  it('on the way back a missing original is written again, and a damaged one is left', async () => {
    await migrateHere(app, to);
    const { key: thumbnail } = (await VideoModel.findById(videoId).lean())!.thumbnail!;
    await app.app.storages.byName(from)!.delete([key]);
    await damage(app, from, thumbnail, 'byte');
    app = await switchTo(app, from);
    ada = await clientOf(app, 'ada');
    const left: string[] = [];
    const onLeft = ({ key: where }: { key: string }, reason: string) => left.push(`${where}: ${reason}`);
    expect(await migrateHere(app, from, { onLeft })).toMatchObject({ copied: 1, reused: 1, left: 1 });
    expect(left).toEqual([`${thumbnail}: the original that ${from} kept of it is damaged`]);
    expect(await videoSum()).toBe(fixtures.video.sha256);
    const { thumbnail: kept } = (await VideoModel.findById(videoId).lean())!;
    expect(kept!.storage).toBe(to);
    expect(await journalRows()).toContain(`kept ${from}/${thumbnail}`);
  });

  describe('after a crash', () => {
    it('right behind the publication, the sweeper ends the copy and keeps the original', async () => {
      await migrateHere(app, to);
      await app.app.journal.addPending(copy, newId(), past());
      await app.app.sweeper.sweep();
      await expectMigrated(app, to);
      expect(await keysIn(app, from)).toHaveLength(3);
    });

    it('right behind the publication, the next run ends it as well', async () => {
      await migrateHere(app, to);
      await app.app.journal.addPending(copy, newId(), future());
      await migrateHere(app, to);
      await expectMigrated(app, to);
      expect(await keysIn(app, from)).toHaveLength(3);
    });

    it('right before the publication, the sweeper removes the copy, and the original is what it was', async () => {
      await app.app.journal.addPending(copy, newId(), past());
      await store(copy, fixtures.video.bytes);
      await copies.keep(original);
      await app.app.sweeper.sweep();
      expect([await keysIn(app, to), await journalRows()]).toEqual([[], []]);
      expect(await keysIn(app, from)).toHaveLength(3);
      expect(await videoSum()).toBe(fixtures.video.sha256);
    });

    it('right before the publication of a file that was then deleted, nothing of it stays', async () => {
      await app.app.journal.addPending(copy, newId(), past());
      await store(copy, fixtures.video.bytes);
      dataOf(await ada.send(gql.DeleteVideoDocument, { id: videoId }));
      // What the run would have written last, had it been as slow as this.
      await copies.keep(original);
      await sweepTwice();
      expect([await keysIn(app, from), await keysIn(app, to), await journalRows()]).toEqual([[], [], []]);
    });

    it('before the publication, the next run takes a whole copy and makes a damaged one anew', async () => {
      const { thumbnail } = (await VideoModel.findById(videoId).lean())!;
      const second = { ...copy, key: thumbnail!.key, slot: 'VIDEO_THUMBNAIL' as const };
      for (const object of [copy, second]) await app.app.journal.addPending(object, newId(), future());
      await store(copy, fixtures.video.bytes);
      await store(second, fixtures.png.bytes.subarray(1));
      const put = vi.spyOn(app.app.storages.byName(to)!, 'put');
      expect(await migrateHere(app, to)).toMatchObject({ copied: 2, reused: 1, left: 0 });
      expect(put.mock.calls.map(([where]) => where)).not.toContain(key);
      await expectMigrated(app, to);
    });

    it('of a run back that had published, the next one forgets that the file was an original', async () => {
      await migrateHere(app, to);
      app = await switchTo(app, from);
      await migrateHere(app, from);
      await copies.keep(original);
      await migrateHere(app, from);
      await expectMigrated(app, from);
    });

    it('of a replacement after its publication, the sweeper dooms the original too', async () => {
      await migrateHere(app, to);
      const owner = slotOwners.VIDEO_FILE;
      const { revision, file } = (await owner.read(original.place))!;
      const next: MediaFile = Object.assign({}, file, { key: `videos/${videoId}/next-12345678.mp4` });
      const replacement: JournalledObject = { ...copy, key: next.key };
      await app.app.journal.addPending(replacement, newId(), past());
      await store(replacement, fixtures.video.bytes);
      await app.app.journal.noteReplaced(replacement, copy);
      expect(await owner.swap(original.place, revision, next)).toBe(true);
      await sweepTwice();
      await expectMigrated(app, to);
      expect(await keysIn(app, from)).not.toContain(key);
    });

    it('of a deletion after its mark, the sweeper dooms the originals too', async () => {
      await migrateHere(app, to);
      await VideoModel.updateOne({ _id: videoId }, { $set: { deletedAt: new Date() }, $inc: { mediaRevision: 1 } });
      await app.app.sweeper.sweep();
      expect([await keysIn(app, from), await keysIn(app, to), await journalRows()]).toEqual([[], [], []]);
    });

    it('of a caption that was about to be taken out while it was moved, its original stays', async () => {
      const { captions } = (await VideoModel.findById(videoId).lean())!;
      const caption: JournalledObject = {
        storage: from,
        key: captions![0]!.file.key,
        slot: 'VIDEO_CAPTION',
        place: { ownerId: videoId, itemId: captionId },
      };
      await app.app.journal.watch(caption, past());
      await migrateHere(app, to);
      await app.app.journal.watch(caption, past());
      await app.app.sweeper.sweep();
      await expectMigrated(app, to);
      expect(await keysIn(app, from)).toContain(caption.key);
      // Taken out after all, it goes from both; here with the client's own watch on the way.
      await app.app.journal.watch(caption, future());
      dataOf(await ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId }));
      await setDeadline(past());
      await sweepTwice();
      await expectMigrated(app, to);
      expect(await keysIn(app, from)).not.toContain(caption.key);
    });
  });

  it('a copy that is being removed keeps the next run from writing it, until it is gone', async () => {
    await app.app.journal.addPending(copy, newId(), future());
    await app.app.journal.doomUnpublished(copy, 'pending', future());
    const left: string[] = [];
    const onLeft = (_object: unknown, reason: string) => left.push(reason);
    expect(await migrateHere(app, to, { onLeft })).toMatchObject({ copied: 2, left: 1 });
    expect(left).toEqual(['an earlier copy of it is still being removed: run this again in some minutes']);
    await MediaObjectModel.updateOne({ state: 'doomed' }, { $set: { deleteAfter: past() } });
    const [row] = await app.app.journal.due(new Date(), 1);
    await app.app.sweeper.sweep();
    expect(await migrateHere(app, to)).toMatchObject({ copied: 1 });
    // A sweep that listed the row before all this looks again.
    vi.spyOn(app.app.journal, 'due').mockResolvedValueOnce([row!]);
    await app.app.sweeper.sweep();
    await expectMigrated(app, to);
  });

  it('a copy that was swept right before its publication is not published, but made again', async () => {
    const owner = slotOwners.VIDEO_FILE;
    const read = owner.read.bind(owner);
    let swept = false;
    vi.spyOn(owner, 'read').mockImplementation(async (place) => {
      const state = await read(place);
      const unswept = !swept && (await keysIn(app, to)).includes(key);
      if (unswept) {
        swept = true;
        await setDeadline(past());
        await app.app.sweeper.sweep();
        expect(await keysIn(app, to)).not.toContain(key);
      }
      return state;
    });
    expect(await migrateHere(app, to, { concurrency: 1 })).toMatchObject({ copied: 3, left: 0 });
    expect(swept).toBe(true);
    vi.restoreAllMocks();
    await expectMigrated(app, to);
    expect(await keysIn(app, from)).toHaveLength(3);
  });

  it('a kept row says nothing about a file that was never moved', async () => {
    await copies.keep(original);
    await replace();
    expect(await keysIn(app, from)).not.toContain(key);
    await migrateHere(app, to);
    await expectMigrated(app, to);
    expect((await liveFiles()).map(({ storage }) => storage)).toEqual([to, to, to]);
  });
});
