import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { slotOwners, videos } from '../../src/catalog/slot-owners.js';
import { VideoModel, type Video } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { insertCourses, insertTopicsWithVideos } from '../support/catalogue-seed.js';
import { clientOf, createCourse, createTopic, createVideo } from '../support/client.js';
import { explainFind, logCommands, type CommandLog } from '../support/commands.js';
import { fixtures } from '../support/fixtures.js';

const LIVING = 1_300;
/** More than a page of them is read at once. */
const TOMBSTONES = 250;
/** The maximum of documents that one command of the upkeep may examine. */
const MOST_EXAMINED = 200;
const DELETED_AT = new Date('2026-01-02T03:04:05.678Z');

let app: TestApp;
let log: CommandLog;

beforeAll(async () => {
  log = logCommands();
  app = await startApp();
  const ada = await clientOf(app, 'ada');
  const { id: courseId } = await createCourse(ada, { title: 'The pattern of a course' });
  const topicId = await createTopic(ada, courseId, 'The pattern');
  const files = { file: fixtures.video };
  const { id: withFile } = await createVideo(ada, topicId, 'The pattern', files);
  const { id: withoutFile } = await createVideo(ada, topicId, 'The pattern of those that are deleted');
  const [living, deleted] = await insertCourses([
    { title: 'Living', instructorId: 'ada' },
    { title: 'Deleted', instructorId: 'ada' },
  ]);
  await insertTopicsWithVideos(living!, { topics: 1, videosEach: LIVING }, await patternOf(withFile));
  // Hundreds with the same time, as the deletion of a course leaves them, then one for each millisecond.
  await insertTopicsWithVideos(deleted!, { topics: 1, videosEach: TOMBSTONES }, await patternOf(withoutFile));
  const deletedVideos = await VideoModel.find(
    { file: { $exists: false }, _id: { $ne: withoutFile } },
    { _id: 1 },
  ).lean();
  await VideoModel.bulkWrite(
    deletedVideos.map(({ _id }, i) => ({
      updateOne: {
        filter: { _id },
        update: { $set: { deletedAt: new Date(DELETED_AT.getTime() + Math.max(0, i - 150)) } },
      },
    })),
  );
});
afterAll(() => app.remove());

async function patternOf(id: string): Promise<Video> {
  return VideoModel.findById(id).lean().orFail();
}

async function idsOf(found: AsyncIterable<{ readonly id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of found) ids.push(id);
  return ids;
}

/** Examined documents of each find that was sent while `work` ran, where the database tells. */
async function examinedBy(work: () => Promise<unknown>): Promise<number[]> {
  const { commands } = await log.during(work);
  const finds = commands.filter(({ name, command }) => name === 'find' && command['find'] === 'videos');
  expect(finds.length).toBeGreaterThan(0);
  return Promise.all(finds.map(async (find) => (await explainFind(find)).docsExamined));
}

it('finds every tombstone once, the oldest first', async () => {
  const inOrder = await VideoModel.find({ deletedAt: { $exists: true } }, { _id: 1 })
    .sort({ deletedAt: 1, _id: 1 })
    .lean();
  expect(inOrder).toHaveLength(TOMBSTONES);
  expect(await idsOf(videos.tombstones())).toEqual(inOrder.map(({ _id }) => _id));
});

it('finds every file once, and those that were not measured', async () => {
  const all: string[] = [];
  for await (const { place } of slotOwners.VIDEO_FILE.files({})) all.push(place.ownerId);
  expect(new Set(all).size).toBe(LIVING + 1);
  expect(all).toHaveLength(LIVING + 1);

  const some = [all[0]!, all[199]!, all[200]!, all[LIVING]!];
  await VideoModel.updateMany({ _id: { $in: some } }, { $unset: { 'file.measured': 1 } });
  const unmeasured: string[] = [];
  for await (const { place } of slotOwners.VIDEO_FILE.files({ unmeasured: true })) unmeasured.push(place.ownerId);
  expect(unmeasured).toEqual(some);
  await VideoModel.updateMany({ _id: { $in: some } }, { $set: { 'file.measured': 1 } });
});

// SecantusDB, which stands for MongoDB in the tests, does not tell what it examined.
describe.skipIf(inject('mongodbUri') !== null)('no command of the upkeep reads all records', () => {
  it.each([
    ['the search for tombstones', () => idsOf(videos.tombstones())],
    ['a sweep', () => app.app.sweeper.sweep()],
    ['what a sweep still waits for', () => app.app.sweeper.waiting()],
    [
      'the search for files that were not measured',
      () => app.app.remeasuring.run({ which: 'given up', signal: new AbortController().signal }),
    ],
  ])('%s', async (_name, work) => {
    expect(Math.max(...(await examinedBy(work)))).toBeLessThanOrEqual(MOST_EXAMINED);
  });
});
