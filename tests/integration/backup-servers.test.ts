import {
  CopyObjectCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { newEnvironment, removeData, s3Environment, startApp, type TestApp } from '../support/app.js';
import { createBucket, withS3 } from '../support/bucket.js';
import { lectern } from '../support/cli.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { keepBusy } from '../support/keep-busy.js';
import { createLibrary, documentsIn, expectMigrated, migrate } from '../support/migration.js';
import { waitFor } from '../support/patience.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';

const LIBRARY = ['courses', 'topics', 'videos', 'images'];
/** The embedded database, although the environment names a MongoDB server. */
const EMBEDDED: Environment = { MONGODB_URI: '' };
type Dump = Map<string, mongo.Document[]>;

/** Needs a MongoDB server: `npm run test:mongodb`. */
describe.skipIf(inject('mongodbUri') === null || inject('s3') === null)('backups with MongoDB and S3', () => {
  let app: TestApp | undefined;
  let folder: string;
  const environments: Environment[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lectern-backup-'));
  });
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    await rm(folder, { recursive: true, force: true });
    for (const each of environments.splice(0)) await removeData(each);
  });

  /** The variables of a new, empty installation on MongoDB and S3, or on what the overrides say. */
  async function installation(overrides: Environment = {}, bucket?: string): Promise<Environment> {
    const made = await newEnvironment(s3Environment(bucket ?? (await createBucket()))!);
    environments.push(made);
    return { ...made, ...overrides };
  }
  const start = async (on: Environment): Promise<Client> => clientOf((app = await startApp({}, on)), 'ada');
  const stop = async (): Promise<void> => {
    await app!.stop();
    app = undefined;
  };
  const documents = async (): Promise<string[]> =>
    (await Promise.all(LIBRARY.map(documentsIn))).flat().map((document) => JSON.stringify(document));
  const expectRestored = async (place: Environment, from: string): Promise<void> => {
    const { exitCode, stdout, stderr } = await lectern(place, 'restore', from);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('all is well');
  };

  it('lectern backup and restore: from the embedded database and a local disk to MongoDB and S3, and back', async () => {
    const laptop = await installation({ ...EMBEDDED, USE_S3: 'false' });
    await createLibrary(await start(laptop), 'Kept');
    const stored = await documents();
    expect(await lectern(laptop, 'backup', join(folder, 'laptop'))).toMatchObject({ exitCode: 0 });
    await stop();

    const cluster = await installation();
    await expectRestored(cluster, join(folder, 'laptop'));
    await createCourse(await start(cluster), { title: 'Made on S3' }, { thumbnail: fixtures.png });
    expect((await documents()).filter((document) => stored.includes(document))).toEqual(stored);
    expect(await migrate(app!, 's3', '--keep-originals', '0')).toMatchObject({ exitCode: 0 });
    await expectMigrated(app!, 's3');
    const moved = await documents();
    expect(await lectern(cluster, 'backup', join(folder, 'cluster'))).toMatchObject({ exitCode: 0 });
    await stop();

    const back = await installation({ ...EMBEDDED, USE_S3: 'false' });
    await expectRestored(back, join(folder, 'cluster'));
    await start(back);
    expect(await documents()).toEqual(moved);
    expect(await migrate(app!, 'local', '--keep-originals', '0')).toMatchObject({ exitCode: 0 });
    await expectMigrated(app!, 'local');
  });

  describe('in the order of docs/backup.md: first the records, then the bytes', () => {
    let source: Environment;
    let dump: Dump;
    let begun: Date;

    /** Dumps the records of a server at work. By the end, files that they name have been replaced and deleted. */
    beforeEach(async () => {
      source = await installation();
      const bucket = source['S3_BUCKET_NAME']!;
      const versioning = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
      await withS3((client) => client.send(new PutBucketVersioningCommand(versioning)));
      const ada = await start(source);
      const stays = await createLibrary(ada, 'Stays');
      const gone = await createLibrary(ada, 'Gone after the dump');
      const topicId = await createTopic(ada, stays.courseId, 'Topic');
      const { id: videoId } = await createVideo(ada, topicId, 'Replaced after the dump', { file: fixtures.video });
      const busy = await keepBusy(ada);

      begun = new Date();
      dump = await withDatabase(source, dumpOf);
      dataOf(await ada.upload(gql.ReplaceVideoFileDocument, { videoId, file: null }, { file: fixtures.webm }));
      dataOf(await ada.send(gql.DeleteCourseDocument, { id: gone.courseId }));
      const rounds = busy.rounds();
      await waitFor(() => expect(busy.rounds()).toBeGreaterThan(rounds + 2));
      await busy.stop();
      await app!.app.sweeper.sweep();
      await stop();
    });

    const sweepLater = async (): Promise<void> => {
      await letTimePass();
      await app!.app.sweeper.sweep();
    };

    /** Restores the dump over the bytes of a bucket, and requires that every file and every record is whole. */
    async function expectWhole(bucket: string): Promise<void> {
      const place = await installation({}, bucket);
      await withDatabase(place, (db) => restore(db, dump));
      const before = await lectern(place, 'reconcile', '--deep', '--json');
      const kinds = (JSON.parse(before.stdout) as { kind: string }[]).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind !== 'orphan-object')).toEqual([]);
      await start(place);
      const { courses } = dataOf(await (await clientOf(app!, 'ada')).send(gql.CoursesDocument, {}));
      expect(courses.nodes.map(({ title }) => title)).toEqual(
        expect.arrayContaining(['Busy', 'Gone after the dump', 'Stays']),
      );
      await sweepLater();
      expect(await lectern(place, 'reconcile', '--delete-orphans', '--older-than', '0s', '--force')).toMatchObject({
        exitCode: 0,
      });
      await sweepLater();
      expect(await lectern(place, 'reconcile', '--deep')).toMatchObject({ exitCode: 0 });
      expect(await faultsOf(app!.app, app!)).toEqual([]);
    }

    it('restores into the same bucket, without the delete markers of the time after the dump', async () => {
      const bucket = source['S3_BUCKET_NAME']!;
      // Times in S3's answers are those of the store, in seconds.
      const since = Math.floor(begun.getTime() / 1_000) * 1_000;
      const { DeleteMarkers = [] } = await versionsIn(bucket);
      const younger = DeleteMarkers.filter(({ LastModified }) => LastModified!.getTime() >= since);
      expect(younger.length).toBeGreaterThan(13);
      await withS3(async (client) => {
        for (const { Key, VersionId } of younger) {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
        }
      });
      await expectWhole(bucket);
    });

    it('restores from a replica that has every object which ever was in the bucket', async () => {
      const bucket = source['S3_BUCKET_NAME']!;
      const replica = await createBucket();
      const { Versions = [] } = await versionsIn(bucket);
      await withS3(async (client) => {
        for (const { Key = '', VersionId = '' } of Versions) {
          const CopySource = `${bucket}/${encodeURIComponent(Key)}?versionId=${VersionId}`;
          await client.send(new CopyObjectCommand({ Bucket: replica, Key, CopySource }));
        }
      });
      await expectWhole(replica);
    });
  });
});

async function versionsIn(bucket: string): Promise<ListObjectVersionsCommandOutput> {
  const listed = await withS3((client) => client.send(new ListObjectVersionsCommand({ Bucket: bucket })));
  expect(listed.IsTruncated).toBe(false);
  return listed;
}

async function withDatabase<T>(environment: Environment, work: (db: mongo.Db) => Promise<T>): Promise<T> {
  const client = new mongo.MongoClient(environment['MONGODB_URI']!);
  try {
    return await work(client.db());
  } finally {
    await client.close();
  }
}

/**
 * Reads all collections, one after the other. There is no mongodump here, which with `--oplog` saves a single point in
 * time, so children come before their parents: a child in the dump then has its parent in it.
 */
async function dumpOf(db: mongo.Db): Promise<Dump> {
  const names = (await db.listCollections().toArray()).map(({ name }) => name);
  const ordered = ['images', 'videos', 'topics', 'courses'];
  const dump: Dump = new Map();
  for (const name of [...ordered, ...names.filter((other) => !ordered.includes(other))]) {
    dump.set(name, await db.collection(name).find({}, { promoteValues: false }).toArray());
  }
  return dump;
}

async function restore(db: mongo.Db, dump: Dump): Promise<void> {
  for (const [name, documents] of dump) if (documents.length > 0) await db.collection(name).insertMany(documents);
}
