import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { EJSON } from 'bson';
import mongoose from 'mongoose';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../src/app.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { loadConfig } from '../../src/config.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import { newEnvironment, removeData, s3Environment, startApp, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { clientOf } from '../support/client.js';
import { downloadedSha256 } from '../support/download.js';
import { fixtures } from '../support/fixtures.js';
import { VideoDocument, VideoItemsOfDocument } from '../support/gql/graphql.js';
import { dataOf } from '../support/graphql-client.js';
import { objectTraces } from '../support/traces.js';
import { faultsOf, letTimePass, releasedObjects } from '../support/wholeness.js';

interface Snapshot {
  readonly documents: Readonly<Record<string, readonly { readonly _id: string; readonly title?: string }[]>>;
  readonly objects: readonly { readonly storage: string; readonly key: string; readonly bytes: string }[];
}

const SNAPSHOT = new URL('../fixtures/version-0.1/database.json', import.meta.url);

let app: TestApp | undefined;
afterEach(async () => {
  await app?.stop();
  if (app) await removeData(app.environment);
  app = undefined;
});

/** Restores the data of version 0.1, and starts a current server on it. */
async function startOnVersion01(): Promise<{ readonly app: TestApp; readonly snapshot: Snapshot }> {
  const environment = await newEnvironment({ ...s3Environment(await createBucket()), USE_S3: 'true' });
  const snapshot = EJSON.parse(await readFile(SNAPSHOT, 'utf8')) as Snapshot;
  // Moves the times, as if that version had stopped just now.
  for (const row of snapshot.documents['media_objects'] as unknown as { deadline?: Date; deleteAfter?: Date }[]) {
    if (row.deadline) row.deadline = new Date(Date.now() + 900_000);
    if (row.deleteAfter) row.deleteAfter = new Date(Date.now() + 3_600_000);
  }
  const parts = await createApp(loadConfig(environment));
  try {
    for (const [name, documents] of Object.entries(snapshot.documents)) {
      if (documents.length > 0) await mongoose.connection.collection(name).insertMany(documents as never);
    }
    for (const { storage, key, bytes } of snapshot.objects) {
      const body = Object.hasOwn(fixtures, bytes) ? fixtures[bytes as 'video'].bytes : Buffer.from(bytes);
      const options = { contentType: 'x/x', maxBytes: body.length, signal: new AbortController().signal };
      await parts.storages.byName(storage)!.put(key, Readable.from([body]), options);
    }
  } finally {
    await parts.stop();
  }
  return { app: await startApp({}, environment), snapshot };
}

describe.skipIf(inject('s3') === null)('a start with the data of version 0.1', () => {
  it('migrates every row and loses no file', async () => {
    const started = await startOnVersion01();
    app = started.app;
    await app.app.sweeper.sweep();
    const idOf = (title: string): string =>
      started.snapshot.documents['videos']!.find((one) => one.title === title)!._id;

    // The running upload may still be published. Besides, the journal contains only the file in its grace period.
    const rows = await UploadRowModel.find({}).lean();
    expect(rows.map(({ state, key }) => [state, key.replace(/^.*\//, '')]).sort()).toEqual([
      ['doomed', expect.stringMatching(/^video-\w+\.mp4$/)],
      ['pending', 'going-on-12345678.mp4'],
    ]);
    expect(rows.find(({ state }) => state === 'doomed')).toMatchObject({ due: expect.any(Date) });
    expect(rows.find(({ state }) => state === 'pending')).toMatchObject({ batchId: expect.any(String) });

    // The originals of the migration stay for the longest lifetime of a URL.
    const originals = started.snapshot.objects
      .filter(({ storage }) => storage === 'local')
      .map(({ key }) => `local/${key}`);
    expect(originals).toHaveLength(3);
    expect(await releasedObjects()).toEqual(originals.sort());
    const { released } = (await VideoModel.findById(idOf('Moved')).lean())!;
    for (const { due } of released!) expect(due.getTime() - Date.now()).toBeGreaterThan(3_000_000);

    // Published files are there, unpublished ones are not, and deleted ones are not restored.
    const ada = await clientOf(app, 'ada');
    const sums: Record<string, string> = {
      Moved: fixtures.video.sha256,
      'Published, not finished': fixtures.webm.sha256,
      'Not published': fixtures.video.sha256,
      Captions: fixtures.video.sha256,
      'Replaced with grace': fixtures.webm.sha256,
    };
    for (const [title, sum] of Object.entries(sums)) {
      const { video } = dataOf(await ada.send(VideoDocument, { id: idOf(title) }));
      expect([title, await downloadedSha256(video!.videoUrl!)]).toEqual([title, sum]);
    }
    const { video } = dataOf(await ada.send(VideoItemsOfDocument, { id: idOf('Captions') }));
    expect(video!.captions!.map(({ language }) => language)).toEqual(['fr', 'de']);
    expect(dataOf(await ada.send(VideoDocument, { id: idOf('Deleted, files not released') })).video).toBeNull();

    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await faultsOf(app.app, app)).toEqual([]);
    expect((await objectTraces(app)).filter((trace) => trace.startsWith('local '))).toEqual([]);
  });

  it('changes nothing at the second start', async () => {
    const { app: first } = await startOnVersion01();
    await first.stop();
    const dump = async () => JSON.stringify(await UploadRowModel.collection.find({}).toArray());
    app = await startApp({}, first.environment);
    await app.app.sweeper.sweep();
    const before = await dump();
    await app.stop();
    app = await startApp({}, first.environment);
    await app.app.sweeper.sweep();
    expect(await dump()).toBe(before);
    expect(await releasedObjects()).toHaveLength(3);
  });
});
