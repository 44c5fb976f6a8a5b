import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { App } from '../../src/app.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import type { Environment } from '../../src/config.js';
import { newId } from '../../src/database/ids.js';
import { UploadRowModel, ROW_STATES } from '../../src/media/journal/upload-row.model.js';
import type { PlacedObject } from '../../src/media/journal/journal.js';
import type { MediaSlot } from '../../src/media/slots.js';
import { newEnvironment, s3Environment, startApp, type TestApp } from '../support/app.js';
import { beginUpload, createBucket } from '../support/bucket.js';
import { lectern, type CliResult } from '../support/cli.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { waitFor } from '../support/patience.js';
import { onAnyStorage, type StorageUnderTest } from '../support/storages.js';
import { shortened, timings } from '../support/timings.js';
import { createTree } from '../support/tree.js';
import { leftAfterSweep } from '../support/wholeness.js';

const PREFIXES: Partial<Record<MediaSlot, string>> = { VIDEO_FILE: 'videos', COURSE_THUMBNAIL: 'course-thumbnails' };

const future = (): Date => new Date(Date.now() + 600_000);

interface PrintedFinding {
  readonly kind: string;
  readonly key: string;
  readonly [detail: string]: unknown;
}

/** A running server, its internal parts, and the command in a separate process. */
class Site {
  readonly app: App;

  private constructor(
    private readonly server: TestApp,
    readonly storage: StorageUnderTest,
    readonly ada: Client,
  ) {
    this.app = server.app;
  }

  get environment(): Environment {
    return this.server.environment;
  }

  static async open(storage: StorageUnderTest, more: Environment = {}): Promise<Site> {
    const server = await startApp({ ...(await storage.environment()), ...more });
    return new Site(server, storage, await clientOf(server, 'ada'));
  }

  close(): Promise<void> {
    return this.server.remove();
  }

  reconcile(...args: readonly string[]): Promise<CliResult> {
    return lectern(this.environment, 'reconcile', ...args);
  }

  async findings(...args: readonly string[]): Promise<{ exitCode: number | null; findings: PrintedFinding[] }> {
    const { exitCode, stdout, stderr } = await this.reconcile('--json', ...args);
    expect(stderr).toBe('');
    return { exitCode, findings: JSON.parse(stdout) as PrintedFinding[] };
  }

  async put(key: string, bytes: Buffer | string = 'left behind'): Promise<string> {
    const options = { contentType: 'video/mp4', maxBytes: 1_000_000, signal: new AbortController().signal };
    await this.app.storages.current.put(key, Readable.from([Buffer.from(bytes)]), options);
    return key;
  }

  /** Stores an object with a valid key that nothing refers to. */
  orphan(slot: MediaSlot = 'VIDEO_FILE'): Promise<string> {
    return this.put(`${PREFIXES[slot]!}/${newId()}/orphan-${newId().slice(-8)}.mp4`);
  }

  /** Replaces the bytes of an object. */
  async rewrite(key: string, bytes: Buffer | string): Promise<void> {
    await this.app.storages.current.delete([key]);
    await this.put(key, bytes);
  }

  async isStored(key: string): Promise<boolean> {
    return (await this.app.storages.current.stat(key)) !== null;
  }

  /** Deletes everything, so that no test finds what an earlier one left. */
  async empty(): Promise<void> {
    for (const model of Object.values(mongoose.models)) await model.deleteMany({});
    for (const storage of this.app.storages.all()) {
      for await (const { key } of storage.list('')) await storage.delete([key]);
      await storage.sweepUnfinished({ olderThan: future() });
    }
  }

  /** The object with this key as the journal identifies it. */
  journalled(key: string, slot: MediaSlot = 'VIDEO_FILE'): PlacedObject {
    return { storage: this.storage.name, key, slot, place: { ownerId: key.split('/')[1]! } };
  }
}

onAnyStorage('lectern reconcile', (storage) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.open(storage);
  });
  afterEach(() => site.empty());
  afterAll(() => site.close());

  it('prints only an empty list and exits with 0 when a file in every slot is as recorded', async () => {
    await createTree(site.ada, { title: 'All is well' });
    expect(await site.reconcile('--deep', '--json')).toEqual({ exitCode: 0, stdout: '[]\n', stderr: '' });
  });

  it('says in its table that all is well', async () => {
    await createTree(site.ada, { title: 'All is well' });
    const table = await site.reconcile();
    expect(table).toMatchObject({ exitCode: 0, stderr: '' });
    expect(table.stdout).toMatch(/^\d+ objects, \d+ files of records: all is well\.\n$/);
  });

  it('reports each kind of fault, and nothing else', async () => {
    const { files, videoId, courseId } = await createTree(site.ada, { title: 'In disorder' });
    const orphan = await site.orphan();
    const { key: gone } = files.videoThumbnail;
    await site.app.storages.current.delete([gone]);
    const { key: longer, size } = files.caption;
    await site.rewrite(longer, 'x'.repeat(size + 1));
    const { key: changed, sha256 } = files.courseThumbnail;
    await site.rewrite(changed, Buffer.alloc(files.courseThumbnail.size));
    const unfinished = await leaveUnfinished();

    const storageName = storage.name;
    const shallow = [
      {
        kind: 'orphan-object',
        key: orphan,
        storage: storageName,
        size: 11,
        modifiedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      { kind: 'dangling-record', key: gone, storage: storageName, slot: 'VIDEO_THUMBNAIL', ownerId: videoId },
      {
        kind: 'wrong-size',
        key: longer,
        storage: storageName,
        slot: 'VIDEO_CAPTION',
        ownerId: videoId,
        itemId: expect.any(String),
        expected: size,
        found: size + 1,
      },
      { kind: 'unfinished-upload', key: unfinished, storage: storageName, begunAt: expect.any(String) },
    ];
    const deep = await site.findings('--deep');
    expect(deep.exitCode).toBe(1);
    const checksum = {
      kind: 'wrong-checksum',
      key: changed,
      storage: storageName,
      slot: 'COURSE_THUMBNAIL',
      ownerId: courseId,
      expected: sha256,
      found: expect.stringMatching(/^[0-9a-f]{64}$/),
    };
    expect(sorted(deep.findings)).toEqual(sorted([...shallow, checksum]));
    expect(deep.findings.every((finding) => Object.keys(finding).slice(0, 2).join() === 'kind,key')).toBe(true);

    const { exitCode, stdout, stderr } = await site.reconcile();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const [heading, ...rows] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^KIND +STORAGE +KEY +DETAIL$/);
    expect(rows.pop()).toMatch(/: 4 findings\.$/);
    for (const { kind, key } of shallow) expect(rows.filter((row) => row.startsWith(kind))[0]).toContain(key);
    expect(stdout).not.toContain('wrong-checksum');
  });

  /** Leaves what an interrupted put leaves, without its row. Returns the name. */
  async function leaveUnfinished(): Promise<string> {
    if (storage.name === 's3') {
      const key = `videos/${newId()}/cut-off.mp4`;
      await beginUpload(site.environment['S3_BUCKET_NAME']!, key);
      return key;
    }
    const neighbour = await site.orphan();
    const name = `${neighbour.split('/').slice(0, 2).join('/')}/.unfinished-0123456789abcdef-1700000000000-${newId()}`;
    await writeFile(join(filesDir(), name), 'half');
    await rm(join(filesDir(), neighbour));
    return name;
  }

  function filesDir(): string {
    return join(site.environment['DATA_DIR']!, 'files');
  }

  it('does not report as orphans objects in the journal, in any state, or released by an owner', async () => {
    const keys = await Promise.all([...ROW_STATES, 'released'].map(() => site.orphan()));
    const batchId = newId();
    for (const [i, state] of ROW_STATES.entries()) {
      await site.app.journal.addPending(site.journalled(keys[i]!), batchId, future());
      await UploadRowModel.updateOne({ key: keys[i]! }, { $set: { state, due: future() } });
    }
    const key = keys.at(-1)!;
    const _id = site.journalled(key).place.ownerId;
    const released = [{ storage: storage.name, key, fileId: newId(), due: future() }];
    await VideoModel.collection.insertOne({ _id: _id as never, mediaRevision: 1, deletedAt: new Date(), released });

    expect(await site.findings()).toEqual({ exitCode: 0, findings: [] });
    const deletion = await site.findings('--delete-orphans', '--older-than', '0', '--force');
    expect(deletion).toEqual({ exitCode: 0, findings: [] });

    await UploadRowModel.deleteMany({ batchId });
    await VideoModel.deleteOne({ _id });
    const without = await site.findings();
    expect(without.findings.map(({ key }) => key).sort()).toEqual([...keys].sort());
  });

  it('does not report as unfinished an upload in the journal', async () => {
    const key = `videos/${newId()}/slow.mp4`;
    const object = site.journalled(key);
    await site.app.journal.addPending(object, newId(), future());
    const body = new Readable({ read: () => undefined });
    const aborting = new AbortController();
    const options = { contentType: 'video/mp4', maxBytes: 1e9, signal: aborting.signal };
    const put = site.app.storages.current.put(key, body, options).catch((error: unknown) => error);
    body.push(Buffer.alloc(9 * 1024 ** 2));
    await waitFor(async () => expect(await unfinishedNames(key)).toHaveLength(1));
    expect(await site.findings()).toEqual({ exitCode: 0, findings: [] });
    await site.app.journal.remove([object]);
    const { findings } = await site.findings();
    expect(findings).toMatchObject([{ kind: 'unfinished-upload', storage: storage.name }]);
    aborting.abort(new Error('enough'));
    expect(await put).toMatchObject({ message: 'enough' });
    expect(await site.findings()).toEqual({ exitCode: 0, findings: [] });
  });

  async function unfinishedNames(key: string): Promise<string[]> {
    const names: string[] = [];
    for await (const unfinished of site.app.storages.current.unfinished('videos/')) {
      if (unfinished.belongsTo(key)) names.push(unfinished.name);
    }
    return names;
  }

  it('deletes with --delete-orphans only orphans of the given age', async () => {
    await createTree(site.ada, { title: 'Enough files for the guard' });
    const young = await site.orphan();
    const foreign = [
      await site.put('videos/somebody-else/holiday.mp4'),
      await site.put(`backups/${newId()}/holiday.mp4`),
      await site.put(`videos/${newId().toUpperCase()}/holiday.mp4`),
    ];
    const kept = await site.findings('--delete-orphans');
    expect(kept.exitCode).toBe(1);
    expect(kept.findings).toMatchObject([{ kind: 'orphan-object', key: young, deleted: false }]);
    expect(await site.findings('--delete-orphans', '--older-than', '1h')).toMatchObject({ exitCode: 1 });
    expect(await site.isStored(young)).toBe(true);

    if (storage.name === 'local') {
      const old = await site.orphan();
      const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);
      await utimes(join(filesDir(), old), twoDaysAgo, twoDaysAgo);
      const { findings } = await site.findings('--delete-orphans');
      expect(findings.find(({ key }) => key === old)).toMatchObject({ deleted: true });
      expect(findings.find(({ key }) => key === young)).toMatchObject({ deleted: false });
      expect([await site.isStored(old), await site.isStored(young)]).toEqual([false, true]);
    }

    const { exitCode, stdout } = await site.reconcile('--delete-orphans', '--older-than', '0');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^orphan-object .*${young}.*, deleted$`, 'm'));
    expect(stdout).toMatch(/: 1 finding, 1 deleted\.\n$/);
    expect(await site.isStored(young)).toBe(false);
    expect(await Promise.all(foreign.map((key) => site.isStored(key)))).toEqual([true, true, true]);
    expect(await leftAfterSweep(site.app)).toBe(0);
  });

  it('reports and deletes nothing while a server creates, replaces and deletes files', async () => {
    const { id: courseId } = await createCourse(site.ada, { title: 'Busy' });
    const topicId = await createTopic(site.ada, courseId, 'Busy');
    const video = await site.ada.upload(
      gql.CreateVideoDocument,
      { topicId, input: { title: 'Busy' } },
      { file: fixtures.video },
    );
    const { id: videoId } = dataOf(video).createVideo;
    let going = true;
    let rounds = 0;
    const worker = async (work: (round: number) => Promise<unknown>): Promise<void> => {
      while (going) await work((rounds += 1));
    };
    const workers = [
      worker(async (round) => {
        const file = round % 2 === 0 ? fixtures.webm : fixtures.video;
        dataOf(await site.ada.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file }));
      }),
      worker(async () => {
        const files = { file: fixtures.thumbnail };
        dataOf(await site.ada.upload(gql.UploadCourseThumbnailDocument, { courseId, file: null }, files));
      }),
      worker(async () => {
        const files = { thumbnail: fixtures.png, introVideo: fixtures.intro };
        const { id } = await createCourse(site.ada, { title: 'Short-lived' }, files);
        dataOf(await site.ada.send(gql.DeleteCourseDocument, { id }));
      }),
    ];
    try {
      while (rounds <= 10) {
        for (const args of [['--deep'], ['--delete-orphans', '--older-than', '0', '--force']]) {
          expect(await site.findings(...args)).toEqual({ exitCode: 0, findings: [] });
        }
      }
    } finally {
      going = false;
      await Promise.all(workers);
    }
    const { video: after } = dataOf(await site.ada.send(gql.VideoDocument, { id: videoId }));
    expect(await downloadedSha256(after!.videoUrl!)).toBe(after!.file!.sha256);
  });
});

onAnyStorage('lectern reconcile --delete-orphans on what may be the wrong database', (storage) => {
  let site: Site;
  let orphans: string[];

  beforeAll(async () => {
    site = await Site.open(storage);
    await createCourse(site.ada, { title: 'The only file' }, { thumbnail: fixtures.thumbnail });
    orphans = await Promise.all([site.orphan(), site.orphan()]);
  });
  afterAll(() => site.close());

  const stored = async (): Promise<number> => {
    let count = 0;
    for await (const _object of site.app.storages.current.list('')) count += 1;
    return count;
  };

  it('refuses to delete more than half of the objects, and prints nothing to standard output', async () => {
    const { exitCode, stdout, stderr } = await site.reconcile('--delete-orphans', '--older-than', '0');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /^More than half would be deleted: 2 of the 3 objects in storage \w+\. .*\nNothing was deleted\..*--force/,
    );
    expect(await stored()).toBe(3);
  });

  it('does not count objects that are too young to be deleted', async () => {
    expect(await site.findings('--delete-orphans')).toMatchObject({ exitCode: 1, findings: [{}, {}] });
  });

  it('refuses when the database has no file of the storage, even for one object', async () => {
    const empty = await newEnvironment({ LOCAL_STORAGE_DIR: join(site.environment['DATA_DIR']!, 'files') });
    const { MONGODB_URI, DATA_DIR } = empty;
    const wrong: Environment = { ...site.environment, ...empty, ...(MONGODB_URI !== undefined && { MONGODB_URI }) };
    const refused = await lectern(wrong, 'reconcile', '--delete-orphans', '--older-than', '0');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^No record refers to a file in storage \w+, and 3 of the 3 objects .* would be deleted\./,
    );
    expect(await stored()).toBe(3);
    await rm(DATA_DIR, { recursive: true, force: true });
  });

  it('deletes the orphans with --force', async () => {
    const { exitCode, findings } = await site.findings('--delete-orphans', '--older-than', '0', '--force');
    expect(exitCode).toBe(0);
    expect(findings.map(({ key, deleted }) => [key, deleted]).sort()).toEqual(orphans.map((key) => [key, true]).sort());
    expect(await stored()).toBe(1);
    expect(await site.findings('--deep')).toEqual({ exitCode: 0, findings: [] });
  });
});

describe('lectern reconcile when it cannot run', () => {
  it.each([['--unknown'], ['--older-than 1h'], ['--force'], ['--delete-orphans --older-than soon']])(
    'exits with 2 for %s',
    async (args) => {
      const { exitCode, stdout, stderr } = await lectern({}, 'reconcile', ...args.split(' '));
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/^error: /);
    },
  );

  it('exits with 2 and one line when the database does not answer', async () => {
    const environment = await newEnvironment({ MONGODB_URI: 'mongodb://127.0.0.1:1/lectern' });
    const { exitCode, stdout, stderr } = await lectern(
      {
        ...environment,
        MONGODB_URI: 'mongodb://127.0.0.1:1/lectern',
        TIMINGS: timings(shortened('databaseSelection')),
      },
      'reconcile',
      '--json',
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^The database does not answer .*\n$/);
    await rm(environment.DATA_DIR, { recursive: true, force: true });
  });

  it.skipIf(inject('s3') === null)('reports files whose storage is not configured', async () => {
    const server = await startApp(s3Environment(await createBucket()) ?? {});
    const ada = await clientOf(server, 'ada');
    const { id, thumbnail } = await createCourse(ada, { title: 'Bucket' }, { thumbnail: fixtures.thumbnail });
    const withoutBucket: Environment = { ...server.environment, USE_S3: 'false', S3_BUCKET_NAME: '' };
    const { exitCode, stdout } = await lectern(withoutBucket, 'reconcile', '--json');
    await server.remove();
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual([
      { kind: 'unknown-storage', key: thumbnail!.key, storage: 's3', slot: 'COURSE_THUMBNAIL', ownerId: id },
    ]);
  });
});

function sorted(findings: readonly { readonly kind: string }[]): readonly unknown[] {
  return [...findings].sort((a, b) => a.kind.localeCompare(b.kind));
}
