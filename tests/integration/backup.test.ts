import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BackupFolder } from '../../src/backup/backup-folder.js';
import { BackupRun } from '../../src/backup/make-backup.js';
import type { Environment } from '../../src/config.js';
import { connectedDatabase } from '../../src/database/detached-database.js';
import { recordCollection, type StoredRecord } from '../../src/database/record-stream.js';
import { newEnvironment, removeData, startApp, type TestApp } from '../support/app.js';
import { lectern, spawnLectern, startCommand } from '../support/cli.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { keepBusy } from '../support/keep-busy.js';
import { createLibrary, documentsIn, keysIn, liveFiles } from '../support/migration.js';
import { waitFor } from '../support/patience.js';
import { sampleOf, volume } from '../support/scope.js';
import { tryStartServer } from '../support/server.js';
import { onAnyStorage } from '../support/storages.js';

const COLLECTIONS = ['courses', 'topics', 'videos', 'images'];

onAnyStorage('lectern backup and restore', (storage) => {
  let app: TestApp | undefined;
  let environment: Environment;
  let folder: string;
  const environments: Environment[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lectern-backup-'));
    environment = await installation();
  });
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    await rm(folder, { recursive: true, force: true });
    for (const each of environments.splice(0)) await removeData(each);
  });

  /** A new, empty installation. */
  async function installation(): Promise<Environment> {
    const made = await newEnvironment(await storage.environment());
    environments.push(made);
    return made;
  }
  const start = async (on: Environment = environment): Promise<Client> =>
    clientOf((app = await startApp({}, on)), 'ada');
  const stop = async (): Promise<void> => {
    await app!.stop();
    app = undefined;
  };
  const backup = (...args: string[]) => lectern(environment, 'backup', folder, ...args);
  const documents = async (): Promise<string[]> => {
    const found = await Promise.all(COLLECTIONS.map(documentsIn));
    return found.flat().map((document) => JSON.stringify(document));
  };
  const snapshots = (): Promise<string[]> => new BackupFolder(folder).snapshots();

  /** Restores into a new installation and starts a server on it. */
  async function restored(): Promise<Client> {
    const place = await installation();
    const { exitCode, stdout, stderr } = await lectern(place, 'restore', folder);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('all is well');
    return start(place);
  }

  it('restores every record and every file into an empty place, and refuses one that is not empty', async () => {
    await createLibrary(await start(), 'Kept');
    const [stored, keys] = [await documents(), await keysIn(app!, storage.name)];
    expect(await backup()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('copied 13 new files') });
    expect(await backup('--verify')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('13 files: whole') });
    await stop();

    await restored();
    expect(await documents()).toEqual(stored);
    expect(await keysIn(app!, storage.name)).toEqual(keys);
    const { environment: place } = app!;
    await stop();
    const again = await lectern(place, 'restore', folder);
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('has records already') });
    const filled: Environment =
      storage.name === 'local'
        ? { LOCAL_STORAGE_DIR: join(place['DATA_DIR']!, 'files') }
        : { S3_BUCKET_NAME: place['S3_BUCKET_NAME'] };
    const elsewhere = { ...(await installation()), ...filled };
    const beside = await lectern(elsewhere, 'restore', folder);
    expect(beside).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is not empty') });
    // The refusal left no mark that would keep a server away.
    await start(elsewhere);
  });

  it('copies only what is new, and keeps what was deleted since in the earlier snapshot', async () => {
    const ada = await start();
    const { courseId } = await createLibrary(ada, 'First');
    expect((await backup()).stdout).toContain('copied 13 new files');
    await createCourse(ada, { title: 'Second' }, { thumbnail: fixtures.png });
    dataOf(await ada.send(gql.DeleteCourseDocument, { id: courseId }));
    await app!.app.sweeper.sweep();
    expect((await backup()).stdout).toContain('copied 1 new files');
    expect(await snapshots()).toHaveLength(2);
    await stop();

    const [first] = await snapshots();
    const place = await installation();
    expect(await lectern(place, 'restore', folder, '--snapshot', first!)).toMatchObject({ exitCode: 0 });
    const { course } = dataOf(await (await start(place)).send(gql.CourseWithFilesDocument, { id: courseId }));
    expect(course?.title).toBe('First');
  });

  it('has what is replaced, deleted and uploaded meanwhile wholly, or not at all', async () => {
    const ada = await start();
    const course = await createCourse(ada, { title: 'Stays' }, { thumbnail: fixtures.png });
    const topicId = await createTopic(ada, course.id, 'Stays');
    const replaced = await createVideo(ada, topicId, 'Replaced', { file: fixtures.video });
    const deleted = await createVideo(ada, topicId, 'Deleted', { file: fixtures.video });
    const gone = await createLibrary(ada, 'Gone');

    const db = connectedDatabase();
    const run = new BackupRun(
      {
        collection: (name) => recordCollection(db, name),
        storageNamed: (name) => app!.app.storages.byName(name),
        step: async (name) => {
          if (name !== 'backup-records') return;
          const variables = { videoId: replaced.id, file: null };
          dataOf(await ada.upload(gql.ReplaceVideoFileDocument, variables, { file: fixtures.webm }));
          dataOf(await ada.send(gql.DeleteVideoDocument, { id: deleted.id }));
          dataOf(await ada.send(gql.DeleteCourseDocument, { id: gone.courseId }));
          await createVideo(ada, topicId, 'New', { file: fixtures.video });
          await app!.app.sweeper.sweep();
        },
      },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
    // The course and the video that stay, and the picture that belongs to no course.
    expect(await run.into(new BackupFolder(folder))).toMatchObject({ files: 3 });
    await stop();

    const bob = await restored();
    const { courses } = dataOf(await bob.send(gql.CoursesDocument, {}));
    expect(courses.nodes.map(({ title }) => title)).toEqual(['Stays']);
    const { video } = dataOf(await bob.send(gql.VideoDocument, { id: replaced.id }));
    expect(video!.file).toMatchObject({ sha256: fixtures.webm.sha256 });
    expect((await documentsIn('topics')).length + (await documentsIn('videos')).length).toBe(2);
    expect(await liveFiles()).toHaveLength(3);
  });

  it('leaves out the videos and files of a topic that is deleted before topics are read', async () => {
    const ada = await start();
    const course = await createCourse(ada, { title: 'Stays' }, { thumbnail: fixtures.png });
    const topicId = await createTopic(ada, course.id, 'Deleted');
    await createVideo(ada, topicId, 'Deleted', { file: fixtures.video });
    const db = connectedDatabase();
    const run = new BackupRun(
      {
        collection: (name) => {
          const collection = recordCollection(db, name);
          async function* readLate(): AsyncGenerator<StoredRecord> {
            if (name === 'topics') await db.collection<StoredRecord>(name).deleteOne({ _id: topicId });
            yield* collection.read();
          }
          return { ...collection, read: readLate };
        },
        storageNamed: (name) => app!.app.storages.byName(name),
        step: () => Promise.resolve(),
      },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
    expect(await run.into(new BackupFolder(folder))).toMatchObject({ records: 1, files: 1 });
    const [name] = await snapshots();
    const contents = ['courses.bson', 'files.ndjson', 'images.bson', 'manifest.json', 'topics.bson', 'videos.bson'];
    expect((await readdir(join(folder, 'snapshots', name!))).sort()).toEqual(contents);
    await stop();
    await restored();
  });

  it('beside a server at work, every snapshot is one that can be restored', async () => {
    const busy = await keepBusy(await start());
    const rounds = volume(1, 2);
    for (let round = 0; round < rounds; round++) {
      expect(await spawnLectern(environment, 'backup', folder)).toMatchObject({ exitCode: 0, stderr: '' });
    }
    await busy.stop();
    expect(busy.rounds()).toBeGreaterThan(rounds);
    await stop();
    for (const name of await snapshots()) {
      const place = await installation();
      expect(await lectern(place, 'restore', folder, '--snapshot', name)).toMatchObject({ exitCode: 0 });
    }
  });

  it.each(sampleOf(['backup-file', 'backup-records', 'backup-files', 'backup-contents'], 1))(
    'killed at %s, leaves the last complete snapshot whole, and the next run completes',
    async (step) => {
      const ada = await start();
      await createCourse(ada, { title: 'First' }, { thumbnail: fixtures.png });
      expect((await backup()).exitCode).toBe(0);
      await createCourse(ada, { title: 'Second' }, { thumbnail: fixtures.png });
      const [first] = await snapshots();
      const killed = await spawnLectern({ ...environment, FAIL_POINT: `kill:before:${step}` }, 'backup', folder);
      expect(killed.exitCode).toBeNull();
      expect(await snapshots()).toEqual([first]);
      expect(await backup('--verify')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(`${first!}, 1 files`),
      });
      expect((await backup()).exitCode).toBe(0);
      expect(await backup('--verify')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('2 files: whole'),
      });
      expect(await readdir(join(folder, 'snapshots'))).toHaveLength(2);
    },
  );

  it.each(sampleOf(['restore-file', 'restore-files', 'restore-records'], 1))(
    'a restore that is killed at %s keeps servers away, and continues',
    async (step) => {
      await createLibrary(await start(), 'Kept');
      const stored = await documents();
      expect((await backup()).exitCode).toBe(0);
      await stop();
      const place = await installation();
      const killed = await spawnLectern({ ...place, FAIL_POINT: `kill:before:${step}` }, 'restore', folder);
      expect(killed.exitCode).toBeNull();
      const refused = await tryStartServer(place);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('unfinished copy of snapshot') });
      expect(await lectern(place, 'restore', folder)).toMatchObject({ exitCode: 0 });
      await start(place);
      expect(await documents()).toEqual(stored);
    },
  );

  it('stopped with SIGTERM, makes no snapshot and says so', async () => {
    const ada = await start();
    await createCourse(ada, { title: 'First' }, { thumbnail: fixtures.png });
    // The pause gives the signal time to arrive.
    const running = startCommand(
      { ...environment, FAIL_POINT: 'delay:before:backup-records:1:3000' },
      'backup',
      folder,
    );
    await waitFor(async () => {
      expect(await readdir(folder, { recursive: true })).toContainEqual(expect.stringMatching(/courses\.read$/));
    });
    running.process.kill('SIGTERM');
    expect(await running.ended).toEqual({ exitCode: 143, stdout: '', stderr: 'Stopped. No snapshot was made.\n' });
    expect(await snapshots()).toEqual([]);
  });

  it('says so when the folder cannot be used', async () => {
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    for (const args of [
      ['backup', file],
      ['backup', file, '--verify'],
      ['restore', file],
    ]) {
      const { exitCode, stderr } = await lectern(environment, ...args);
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/no-folder: ENOTDIR.* Can this user .*space\?\n$/)]);
    }
  });

  it('--verify and restore notice a byte that has changed', async () => {
    await createCourse(await start(), { title: 'First' }, { thumbnail: fixtures.png });
    expect((await backup()).exitCode).toBe(0);
    await stop();
    const names = await readdir(join(folder, 'files'), { recursive: true });
    const paths = names.map((name) => join(folder, 'files', name));
    const isFile = await Promise.all(paths.map(async (path) => (await stat(path)).isFile()));
    const path = paths.find((_, index) => isFile[index])!;
    const bytes = await readFile(path);
    bytes[9]! ^= 1;
    await writeFile(path, bytes);
    expect(await backup('--verify')).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('has other bytes') });
    const place = await installation();
    expect(await lectern(place, 'restore', folder)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('is damaged'),
    });
  });
});
