import mongoose from 'mongoose';
import type { App } from '../../src/app.js';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { UploadRowModel } from '../../src/media/journal/upload-row.model.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import type { TestApp } from './app.js';
import { endLeases } from './sweeps.js';
import { objectTraces } from './traces.js';

/** Returns a line for each inconsistency that is left after a sweep. Returns none when all data is consistent. */
export async function faultsOf(app: App, site: Pick<TestApp, 'filesDir' | 'environment'>): Promise<string[]> {
  const records = await recordedFiles();
  const recorded = new Set(records.map(({ file }) => `${file.storage} ${file.key}`));
  const stored = new Set(await objectTraces({ app, ...site }));
  const faults = [
    ...[...stored].filter((object) => !recorded.has(object)).map((object) => `no record: ${object}`),
    ...[...recorded].filter((object) => !stored.has(object)).map((object) => `no object: ${object}`),
    ...records.filter(({ deleted }) => deleted).map(({ file }) => `deleted and still held: ${file.key}`),
    ...(await rowsOfJournal()),
    ...(await releasedObjects()).map((object) => `still released: ${object}`),
    ...(await childrenWithoutParents()),
  ];
  for (const { file } of records) {
    const size = (await app.storages.byName(file.storage)?.stat(file.key))?.size;
    if (size !== file.size) faults.push(`size: ${file.key} has ${String(size)}, its record says ${file.size}`);
  }
  return faults;
}

/** Ends all deadlines, due times and leases, as if enough time had passed. */
export async function letTimePass(): Promise<void> {
  const past = new Date(Date.now() - 1_000);
  await UploadRowModel.updateMany({ deadline: { $exists: true } }, { $set: { deadline: past } });
  await UploadRowModel.updateMany({ due: { $exists: true } }, { $set: { due: past } });
  for (const { collection } of Object.values(mongoose.models)) {
    for (const { _id, released } of await collection.find({ 'released.0': { $exists: true } }).toArray()) {
      const due = (released as object[]).map((object) => ({ ...object, due: past }));
      await collection.updateOne({ _id }, { $set: { released: due } });
    }
  }
  await endLeases();
}

/**
 * Sweeps, and returns how many rows of the journal and released objects are left. With LATE_SECONDS=0, a sweep removes
 * everything except uploads that may still be published and originals that are to be kept.
 */
export async function leftAfterSweep({ sweeper, journal }: App): Promise<number> {
  await sweeper.sweep();
  return (await journal.count()) + (await releasedObjects()).length;
}

/** Returns the objects that owners have released and the sweeper has not deleted, as `{storage}/{key}`. */
export async function releasedObjects(): Promise<string[]> {
  const found = await Promise.all(
    Object.values(mongoose.models).map(({ collection }) =>
      collection.find({ 'released.0': { $exists: true } }, { projection: { released: 1 } }).toArray(),
    ),
  );
  const objects = found.flat().flatMap(({ released }) => released as { storage: string; key: string }[]);
  return objects.map(({ storage, key }) => `${storage}/${key}`).sort();
}

interface RecordedFile {
  readonly file: MediaFile;
  readonly deleted: boolean;
}

/** Returns all files in the documents of all collections. Rows of the journal contain no files. */
async function recordedFiles(): Promise<RecordedFile[]> {
  const models = Object.values(mongoose.models);
  const found = await Promise.all(
    models.map(async ({ collection }) => {
      const documents = await collection.find({}).toArray();
      return documents.flatMap((document) =>
        filesIn(document).map((file) => ({ file, deleted: document['deletedAt'] !== undefined })),
      );
    }),
  );
  return found.flat();
}

function filesIn(value: unknown): MediaFile[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  if ('key' in value && 'storage' in value && 'contentType' in value) return [value as MediaFile];
  return Object.values(value).flatMap(filesIn);
}

async function rowsOfJournal(): Promise<string[]> {
  // Rows of ended sessions are kept for a day, so that clients can query them.
  const rows = await UploadRowModel.find({ state: { $ne: 'ended' } }).lean();
  return rows.map((row) => `still in the journal: ${JSON.stringify(row)}`);
}

async function childrenWithoutParents(): Promise<string[]> {
  const alive = { deletedAt: { $exists: false } };
  const [courses, topics, videos] = await Promise.all([
    CourseModel.find(alive, { _id: 1 }).lean(),
    TopicModel.find(alive, { courseId: 1 }).lean(),
    VideoModel.find(alive, { topicId: 1 }).lean(),
  ]);
  const [courseIds, topicIds] = [courses, topics].map((parents) => new Set(parents.map(({ _id }) => _id)));
  return [
    ...topics.filter(({ courseId }) => !courseIds!.has(courseId)).map(({ _id }) => `outlived its course: topic ${_id}`),
    ...videos.filter(({ topicId }) => !topicIds!.has(topicId)).map(({ _id }) => `outlived its topic: video ${_id}`),
  ];
}
