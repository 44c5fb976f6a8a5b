import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { newEnvironment, removeData, s3Environment, startApp, TEST_SECRET, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { lectern, spawnLectern } from '../support/cli.js';
import { clientOf, createCourse, createTopic, type Client } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { createLibrary, documentsIn, expectMigrated, migrate } from '../support/migration.js';
import { startServer, tryStartServer } from '../support/server.js';

const COLLECTIONS = ['courses', 'topics', 'videos', 'images', 'media_objects'];
/** The embedded database, although the environment names a MongoDB server. */
const EMBEDDED: Environment = { MONGODB_URI: '' };

/** The copy needs a MongoDB server: `npm run test:mongodb`. */
describe.skipIf(inject('mongodbUri') === null)('lectern copy-database', () => {
  let environment: Environment & { readonly DATA_DIR: string };
  let app: TestApp | undefined;
  beforeEach(async () => (environment = await newEnvironment()));
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    await removeData(environment);
  });

  const start = async (overrides: Environment): Promise<TestApp> => (app = await startApp(overrides, environment));
  const stop = async (): Promise<void> => {
    await app!.stop();
    app = undefined;
  };
  const copy = (to: 'mongodb' | 'embedded') => lectern(environment, 'copy-database', '--to', to);
  const documents = async (): Promise<string[]> =>
    (await Promise.all(COLLECTIONS.map(documentsIn))).flat().map((document) => JSON.stringify(document));
  async function withTarget<T>(work: (db: mongo.Db) => Promise<T>): Promise<T> {
    const client = new mongo.MongoClient(environment['MONGODB_URI']!);
    try {
      return await work(client.db());
    } finally {
      await client.close();
    }
  }

  /** Fills the embedded database with courses, and stops the server. Returns its documents. */
  async function fill(courses: number): Promise<string[]> {
    const ada = await clientOf(await start(EMBEDDED), 'ada');
    for (let i = 0; i < courses; i++) await createCourse(ada, { title: `Course ${i}` });
    const stored = await documents();
    await stop();
    return stored;
  }

  it.skipIf(inject('s3') === null)(
    'copies a library from the embedded database to MongoDB and S3, and back',
    async () => {
      environment = { ...environment, ...s3Environment(await createBucket())!, USE_S3: 'false' };
      let client = await clientOf(await start(EMBEDDED), 'ada');
      const library = await createLibrary(client, 'Kept');
      const second = await createTopic(client, library.courseId, 'Second');
      const topicIds = [second, library.topicId];
      dataOf(await client.send(gql.ReorderTopicsDocument, { courseId: library.courseId, topicIds }));
      const [stored, content] = [await documents(), await contentOf(client, library)];
      expect(content.sums).toHaveLength(13);
      await stop();

      const there = await copy('mongodb');
      expect(there).toMatchObject({ exitCode: 0, stderr: '' });
      expect(there.stdout).toContain('Source and target have the same records.');

      await start({});
      expect(await documents()).toEqual(stored);
      await stop();
      client = await clientOf(await start({ USE_S3: 'true' }), 'ada');
      expect(await migrate(app!, 's3', '--keep-originals', '0')).toMatchObject({ exitCode: 0 });
      await expectMigrated(app!, 's3');
      expect(await contentOf(client, library)).toEqual(content);
      await stop();

      await start({ USE_S3: 'false' });
      expect(await migrate(app!, 'local', '--keep-originals', '0')).toMatchObject({ exitCode: 0 });
      await expectMigrated(app!, 'local');
      const movedBack = await documents();
      await stop();
      const database = join(environment.DATA_DIR, 'database');
      await rename(database, `${database}-before`);
      expect(await copy('embedded')).toMatchObject({ exitCode: 0, stderr: '' });

      client = await clientOf(await start(EMBEDDED), 'ada');
      expect(await documents()).toEqual(movedBack);
      expect(await contentOf(client, library)).toEqual(content);
      await stop();
      const own = { ...environment, ...EMBEDDED };
      expect(await lectern(own, 'reconcile', '--deep')).toMatchObject({ exitCode: 0 });
    },
  );

  it('does not change the source, and refuses a target with records', async () => {
    const stored = await fill(3);
    expect(await copy('mongodb')).toMatchObject({ exitCode: 0 });
    expect(await copy('mongodb')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('has records already'),
    });
    expect(await copy('embedded')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('has records already'),
    });
    await start({});
    expect(await documents()).toEqual(stored);
    await stop();
    await start(EMBEDDED);
    expect(await documents()).toEqual(stored);
  });

  it('continues an interrupted copy; until then, no server starts on the target', async () => {
    const stored = await fill(5);
    expect(await copy('mongodb')).toMatchObject({ exitCode: 0 });
    // The state after a kill during the second batch.
    await withTarget(async (db) => {
      const source = join(environment.DATA_DIR, 'database');
      await db
        .collection<{ _id: string; source: string }>('unfinished_copies')
        .insertOne({ _id: 'copy-database', source });
      const courses = db.collection('courses');
      const last = await courses.find().sort({ _id: -1 }).limit(2).toArray();
      await courses.deleteMany({ _id: { $in: last.map(({ _id }) => _id) } });
    });
    const refused = await tryStartServer(environment);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('unfinished copy') });
    expect(await copy('mongodb')).toMatchObject({ exitCode: 0 });
    await start({});
    expect(await documents()).toEqual(stored);
  });

  it('notices a difference, and names the collection', async () => {
    await fill(3);
    expect(await copy('mongodb')).toMatchObject({ exitCode: 0 });
    await withTarget(async (db) => {
      const source = join(environment.DATA_DIR, 'database');
      await db
        .collection<{ _id: string; source: string }>('unfinished_copies')
        .insertOne({ _id: 'copy-database', source });
      await db.collection('courses').updateOne({ title: 'Course 1' }, { $set: { title: 'Another' } });
    });
    const { exitCode, stderr } = await copy('mongodb');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('courses differs: 3 documents');
  });

  it('refuses while a server uses the embedded database, and when there is nothing to copy', async () => {
    await start(EMBEDDED);
    const running = await spawnLectern(environment, 'copy-database', '--to', 'mongodb');
    expect(running).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Stop it') });
    await stop();
    expect(await copy('mongodb')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no records') });
    const without = { ...environment, ...EMBEDDED };
    expect(await lectern(without, 'copy-database', '--to', 'mongodb')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Set MONGODB_URI'),
    });
  });

  it('a start with MONGODB_URI reports records left in the embedded database, and names the command', async () => {
    await fill(1);
    const variables = { ...environment, LOG_LEVEL: 'warn', AUTH_JWT_SECRET: TEST_SECRET };
    const first = await startServer(variables, environment.DATA_DIR);
    expect(await first.stop()).toBe(0);
    expect(first.stdout()).toContain('lectern copy-database --to mongodb');
    expect(await copy('mongodb')).toMatchObject({ exitCode: 0 });
    const second = await startServer(variables, environment.DATA_DIR);
    expect(await second.stop()).toBe(0);
    expect(second.stdout()).not.toContain('copy-database');
  });
});

/** What clients see of a library: titles, orders and captions, and the SHA-256 of every file. */
async function contentOf(client: Client, { courseId, videoId, imageId }: Awaited<ReturnType<typeof createLibrary>>) {
  const { course } = dataOf(await client.send(gql.CourseWithFilesDocument, { id: courseId }));
  const { video } = dataOf(await client.send(gql.VideoItemsOfDocument, { id: videoId }));
  const { image } = dataOf(await client.send(gql.ImageDocument, { id: imageId }));
  const items = [...video!.captions!, ...video!.resources!];
  const urls = [course!.thumbnailUrl!, course!.introVideoUrl!, video!.videoUrl!, video!.thumbnailUrl!, image!.url];
  const sums = await Promise.all([...urls, ...items.map(({ file }) => file.url)].map(downloadedSha256));
  const page = dataOf(await client.send(gql.CoursePageDocument, { id: courseId, topics: 10, videos: 10 }));
  return { sums, names: items.map(({ file }) => file.filename), title: course!.title, order: titlesIn(page) };
}

/** All titles in a response, in their order. */
function titlesIn(value: unknown): string[] {
  return Array.from(JSON.stringify(value).matchAll(/"title":"([^"]*)"/g), ([, title = '']) => title);
}
