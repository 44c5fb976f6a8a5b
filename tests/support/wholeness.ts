import mongoose from 'mongoose';
import type { App } from '../../src/app.js';
import { CourseModel } from '../../src/catalog/course/course.model.js';
import { TopicModel } from '../../src/catalog/topic/topic.model.js';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { MediaObjectModel } from '../../src/media/journal/media-object.model.js';
import { LeaseModel } from '../../src/database/lease.model.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import type { TestApp } from './app.js';
import { objectTraces } from './traces.js';

/** Everything that is not as it has to be once a sweep has ended, one line each; empty when all is whole. */
export async function faultsOf(app: App, site: Pick<TestApp, 'filesDir' | 'environment'>): Promise<string[]> {
  const records = await recordedFiles();
  const recorded = new Set(records.map(({ file }) => `${file.storage} ${file.key}`));
  const stored = new Set(await objectTraces({ app, ...site }));
  const faults = [
    ...[...stored].filter((object) => !recorded.has(object)).map((object) => `no record: ${object}`),
    ...[...recorded].filter((object) => !stored.has(object)).map((object) => `no object: ${object}`),
    ...records.filter(({ deleted }) => deleted).map(({ file }) => `deleted and still held: ${file.key}`),
    ...(await rowsOfJournal()),
    ...(await childrenWithoutParents()),
  ];
  for (const { file } of records) {
    const size = (await app.storages.byName(file.storage)?.stat(file.key))?.size;
    if (size !== file.size) faults.push(`size: ${file.key} has ${String(size)}, its record says ${file.size}`);
  }
  return faults;
}

/** Deadlines and leases end, as they would if somebody waited. */
export async function letTimePass(): Promise<void> {
  const past = new Date(Date.now() - 1_000);
  await MediaObjectModel.updateMany({ deadline: { $exists: true } }, { $set: { deadline: past } });
  await MediaObjectModel.updateMany({ deleteAfter: { $exists: true } }, { $set: { deleteAfter: past } });
  await LeaseModel.updateMany({}, { $set: { until: past } });
}

interface RecordedFile {
  readonly file: MediaFile;
  readonly deleted: boolean;
}

/** Every file that any document of any collection holds, wherever in it: the journal's rows hold none. */
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
  const rows = await MediaObjectModel.find({}).lean();
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
