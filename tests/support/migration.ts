import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import mongoose from 'mongoose';
import { expect } from 'vitest';
import { slotOwners } from '../../src/catalog/slot-owners.js';
import type { Environment } from '../../src/config.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import { MEDIA_SLOTS } from '../../src/media/slots.js';
import type { MigrationOptions, MigrationSummary } from '../../src/media/upkeep/migration.js';
import { digestOf } from '../../src/digest.js';
import type { ObjectStat, StorageName } from '../../src/storage/storage.js';
import { newEnvironment, s3Environment, startApp, type TestApp } from './app.js';
import { createBucket, unfinishedUploads } from './bucket.js';
import { lectern, type CliResult } from './cli.js';
import { clientOf, type Client } from './client.js';
import { bigMp4, fixtures } from './fixtures.js';
import * as gql from './gql/graphql.js';
import { dataOf } from './graphql-client.js';
import { pdfFile, textFile, vttFile, zipFile } from './samples.js';
import { createTree, type CourseTree } from './tree.js';
import { releasedObjects } from './wholeness.js';

const MIB = 1024 ** 2;

/** Larger than one part of a multipart upload, and slow enough that a test can act during the upload. */
export const bigVideo = bigMp4(33 * MIB, 'long.mp4');

/** Runs `lectern migrate-storage` while the server of this process runs. */
export function migrate(app: TestApp, to: StorageName, ...args: string[]): Promise<CliResult> {
  return lectern(app.environment, 'migrate-storage', '--to', to, ...args);
}

/** Runs the migration in this process, so that a test can observe its storages. */
export function migrateHere(
  { app }: TestApp,
  to: StorageName,
  options: Partial<MigrationOptions> = {},
): Promise<MigrationSummary> {
  return app.migration.run({
    source: app.storages.byName(otherThan(to))!,
    target: app.storages.byName(to)!,
    concurrency: 2,
    keepMs: app.longestUrlMs,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onLeft: ({ key }, reason) => {
      throw new Error(`${key}: ${reason}`);
    },
    ...options,
  });
}

export function otherThan(storage: StorageName): StorageName {
  return storage === 's3' ? 'local' : 's3';
}

/** Changes one byte of an object, or its size, directly in the storage. */
export async function damage(app: TestApp, name: StorageName, key: string, how: 'byte' | 'size'): Promise<void> {
  const storage = app.app.storages.byName(name)!;
  const bytes = Buffer.concat(await (await storage.open(key)).toArray());
  const damaged = how === 'size' ? bytes.subarray(1) : Buffer.from(bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
  if (name === 'local') return writeFile(join(app.filesDir, key), damaged);
  const signal = new AbortController().signal;
  await storage.put(key, Readable.from([damaged]), { contentType: 'video/mp4', maxBytes: bytes.length, signal });
}

/** Starts a server with new data, a bucket and a local disk. `from` is the storage of new files. */
export async function startOn(from: StorageName): Promise<TestApp> {
  const environment = await newEnvironment(s3Environment(await createBucket()) ?? {});
  return startApp(using(from), environment);
}

/** Restarts the server with another storage for new files. */
export async function switchTo(app: TestApp, storage: StorageName, overrides: Environment = {}): Promise<TestApp> {
  await app.stop();
  return startApp({ ...using(storage), ...overrides }, app.environment);
}

function using(storage: StorageName): Environment {
  return { USE_S3: String(storage === 's3') };
}

/** Creates a course with a file in every slot, several captions and resources, and an image. */
export async function createLibrary(client: Client, title: string): Promise<CourseTree & { readonly imageId: string }> {
  const tree = await createTree(client, { title });
  const { videoId } = tree;
  const variables = { videoId, file: null };
  for (const [language, label] of [
    ['fr', 'Français'],
    ['de', 'Deutsch'],
    ['pt-BR', 'Português'],
  ] as const) {
    const input = { language, label, kind: 'CAPTIONS' as const, isDefault: language === 'de' };
    dataOf(await client.upload(gql.AddVideoCaptionDocument, { ...variables, input }, { file: vttFile() }));
  }
  for (const [file, input] of [
    [pdfFile, { title: 'Slides' }],
    [zipFile, {}],
    [textFile, { title: 'Notes' }],
  ] as const) {
    dataOf(await client.upload(gql.AddVideoResourceDocument, { ...variables, input }, { file }));
  }
  const image = { file: null, input: { altText: 'A picture' } };
  const { uploadImage } = dataOf(await client.upload(gql.UploadImageDocument, image, { file: fixtures.avif }));
  return { ...tree, imageId: uploadImage.id };
}

/** Returns every file that a record refers to. */
export async function liveFiles(): Promise<MediaFile[]> {
  const files: MediaFile[] = [];
  for (const slot of MEDIA_SLOTS) for await (const { file } of slotOwners[slot].files()) files.push(file);
  return files;
}

/** The objects of a storage by key. */
export async function objectsIn(app: TestApp, name: StorageName): Promise<Map<string, ObjectStat>> {
  const objects = new Map<string, ObjectStat>();
  for await (const { key, ...stat } of app.app.storages.byName(name)!.list('')) objects.set(key, stat);
  return objects;
}

export async function keysIn(app: TestApp, name: StorageName): Promise<string[]> {
  return [...(await objectsIn(app, name)).keys()].sort();
}

/** The rows of the journal, as `state storage/key`. */
export async function journalRows(): Promise<string[]> {
  const rows = await UploadRowModel.find({}).lean();
  return rows.map(({ state, _id }) => `${state} ${_id}`).sort();
}

/** The documents of a collection as they are stored. */
export async function documentsIn(collection: string): Promise<unknown[]> {
  return mongoose.connection.collection(collection).find({}).sort({ _id: 1 }).toArray();
}

/**
 * Requires after a migration and a sweep that every file is in the target with the bytes of its record, that the only
 * other objects are originals that their owners have released, and that no rows or unfinished uploads are left.
 */
export async function expectMigrated(app: TestApp, target: StorageName): Promise<void> {
  const source = otherThan(target);
  await app.app.sweeper.sweep();
  const files = await liveFiles();
  expect(files.filter((file) => file.storage !== target)).toEqual([]);
  const storage = app.app.storages.byName(target)!;
  for (const { key, size, sha256 = '' } of files) {
    expect([key, await digestOf(await storage.open(key))]).toEqual([key, { size, sha256 }]);
  }
  const live = files.map(({ key }) => key).sort();
  expect(await keysIn(app, target)).toEqual(live);
  const originals = (await keysIn(app, source)).map((key) => `${source}/${key}`);
  expect(await releasedObjects()).toEqual(originals);
  expect(await journalRows()).toEqual([]);
  expect(await unfinishedUploads(app.environment['S3_BUCKET_NAME']!)).toEqual([]);
}

/** Stores files in one storage, then starts a server that stores new files in the other. */
export async function startMigrating(from: StorageName, fill: (client: Client) => Promise<void>): Promise<TestApp> {
  const before = await startOn(from);
  try {
    await fill(await clientOf(before, 'ada'));
    return await switchTo(before, otherThan(from));
  } catch (error) {
    await before.remove();
    throw error;
  }
}
