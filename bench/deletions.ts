import 'reflect-metadata';
import { copyFile, mkdir, readdir, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp, type App } from '../src/app.js';
import { ImageModel, type Image } from '../src/catalog/image/image.model.js';
import { VideoModel, type Video } from '../src/catalog/video/video.model.js';
import { loadConfig } from '../src/config.js';
import { newId } from '../src/database/ids.js';
import type { MediaFile } from '../src/media/media-file.model.js';
import { insertCourses, insertTopics } from '../tests/support/catalogue-seed.js';
import { fixtures } from '../tests/support/fixtures.js';
import { startCountingDatabase } from './command-counts.js';
import type { Contest, Figure, Scale } from './figure.js';
import { adminToken, newLecternData, startLectern, type MeasuredServer } from './servers.js';
import { query, timed } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

const VIDEOS = 200;
const FILES_OF_A_VIDEO = 2;
const MANY_OWNERS = 20_000;
const LOOK_EVERY_MS = 2;
const METRICS_TOKEN = 'a token for measurements alone, 32 bytes';

/** From the mutation until no file of the course is left on the disk. */
export const deleteCourse: Figure = {
  name: 'delete-course',
  title: 'Deletion of a course of 200 videos with two files each, until nothing is left of it on a local disk',
  unit: 'ms',
  goals: [{ contestant: 'Lectern', medianAtMost: 3_000 }],
  setUp: setUpCourse,
};

/** Commands to the database and calls of the storage together. */
export const deleteCourseCommands: Figure = {
  name: 'delete-course-commands',
  title: 'Deletion of a course: commands to database and storage for each of its files',
  unit: 'commands',
  goals: [{ contestant: 'Lectern, 200 videos', medianAtMost: 2 }],
  setUp: setUpCommands,
};

/** Whether deleting a file costs more where there are more of others. */
export const deleteOneOfMany: Figure = {
  name: 'delete-one-of-many',
  title: 'Deletion of one image among those of 20,000 owners, on a local disk',
  unit: 'ms',
  goals: [{ contestant: 'Lectern, among 20,000', atMost: 1.3, medianAtMost: 5 }],
  setUp: setUpOneOfMany,
};

/** A server with its data, and its parts beside it, to seed records. */
interface Seeded {
  readonly server: MeasuredServer;
  readonly token: string;
  readonly app: App;
  /** Where the bytes of a key are. */
  pathOf(key: string): string;
  tearDown(): Promise<void>;
}

async function startSeeded(more: Record<string, string> = {}): Promise<Seeded> {
  const data = await newLecternData();
  const environment = { ...data.environment, ...more };
  const server = await startLectern(environment);
  const app = await createApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }), { besideServer: true });
  return {
    server,
    token: await adminToken(),
    app,
    pathOf: (key) => join(data.environment['DATA_DIR']!, 'files', key),
    tearDown: async () => {
      await app.stop();
      await server.stop();
      await data.remove();
    },
  };
}

async function setUpCourse({ smoke }: Scale): Promise<Contest> {
  const seeded = await startSeeded();
  const { pathOf } = seeded;
  const videos = smoke ? 2 : VIDEOS;
  const pattern = await videoPattern(seeded);
  const deletion = async (): Promise<number> => {
    const { courseId, keys } = await seedCourse(pattern, videos, pathOf);
    return timed(() => deleteWhole(seeded, courseId, keys));
  };
  const bare = async (): Promise<number> => {
    const keys = Array.from({ length: videos * FILES_OF_A_VIDEO }, () => `bare/${newId()}/file`);
    await writeFiles(keys.map(pathOf));
    return timed(async () => {
      for (const key of keys) await unlink(pathOf(key));
    });
  };
  return {
    contestants: new Map([
      ['unlink of as many files', bare],
      ['Lectern', deletion],
    ]),
    tearDown: seeded.tearDown,
  };
}

async function setUpCommands({ smoke }: Scale): Promise<Contest> {
  const database = await startCountingDatabase();
  const more = { MONGODB_URI: database.uri, SWEEP_INTERVAL_SECONDS: '86400', METRICS_TOKEN };
  const seeded = await startSeeded(more);
  const pattern = await videoPattern(seeded);
  const commands = async (videos: number): Promise<number> => {
    const { courseId, keys } = await seedCourse(pattern, videos, seeded.pathOf);
    const before = database.count() + (await storageCalls(seeded.server));
    await deleteWhole(seeded, courseId, keys);
    return (database.count() + (await storageCalls(seeded.server)) - before) / keys.length;
  };
  return {
    contestants: new Map([
      ['Lectern, 2 videos', () => commands(2)],
      ['Lectern, 200 videos', () => commands(smoke ? 3 : VIDEOS)],
    ]),
    tearDown: async () => {
      await seeded.tearDown();
      await database.stop();
    },
  };
}

/** How many calls the storage has answered so far. */
function storageCalls(server: MeasuredServer): Promise<number> {
  return sumOf(server, /^lectern_storage_\w+_seconds_count\{.*\} (.*)$/gm);
}

/** For how long the storage of the server worked on a deletion, in milliseconds. */
async function storageTimeOf(server: MeasuredServer, deletion: () => Promise<unknown>): Promise<number> {
  const seconds = /^lectern_storage_delete_seconds_sum\{.*\} (.*)$/gm;
  const before = await sumOf(server, seconds);
  await deletion();
  return ((await sumOf(server, seconds)) - before) * 1_000;
}

/** The sum of the metrics of a server that the pattern matches. Its group is their value. */
async function sumOf({ url }: MeasuredServer, pattern: RegExp): Promise<number> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const text = await (await fetch(new URL('/metrics', url), { headers })).text();
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Deletes a course, and waits until none of its files is left. */
async function deleteWhole({ server, token, pathOf }: Seeded, id: string, keys: readonly string[]): Promise<void> {
  await query(server.url, token, 'mutation($id: ID!) { deleteCourse(id: $id) }', { id });
  await untilGone(keys.map(pathOf));
}

/** A video with a file that was uploaded. */
async function videoPattern({ server, token }: Seeded): Promise<Video> {
  const topicId = await newTopic(server.url, token);
  const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
  await upload(server.url, document, { topicId }, fixtures.video, token);
  return VideoModel.findOne().lean().orFail();
}

async function seedCourse(
  pattern: Video,
  count: number,
  pathOf: (key: string) => string,
): Promise<{ courseId: string; keys: string[] }> {
  const [courseId] = await insertCourses([{ title: 'Deleted', instructorId: 'bench' }]);
  const [topicId] = await insertTopics(courseId!, 1);
  const keys: string[] = [];
  const fileOf = (folder: string, id: string): MediaFile => {
    const key = `${folder}/${id}/${newId()}.mp4`;
    keys.push(key);
    return Object.assign({}, pattern.file, { key });
  };
  const videos = Array.from({ length: count }, (): Video => {
    const _id = newId();
    const files = { file: fileOf('videos', _id), thumbnail: fileOf('thumbnails', _id) };
    return Object.assign({}, pattern, files, { _id, topicId });
  });
  await VideoModel.insertMany(videos);
  await writeFiles(keys.map(pathOf));
  return { courseId: courseId!, keys };
}

async function setUpOneOfMany({ smoke }: Scale): Promise<Contest> {
  const few = await startSeeded();
  const fewDeletion = await deletionAmong(few, 20);
  await few.app.stop();
  const many = await startSeeded({ METRICS_TOKEN });
  const manyDeletion = await deletionAmong(many, smoke ? 100 : MANY_OWNERS);
  return {
    contestants: new Map([
      ['Lectern, among 20', fewDeletion],
      ['Lectern, among 20,000', manyDeletion],
      ['Lectern, of that its storage', () => storageTimeOf(many.server, manyDeletion)],
      ['Lectern, a change of one text instead', await changeOf(many)],
    ]),
    tearDown: async () => {
      await many.tearDown();
      await few.tearDown();
    },
  };
}

/** Uploads an image and deletes it, among so many others. Returns how to measure the deletion. */
async function deletionAmong(seeded: Seeded, count: number): Promise<() => Promise<number>> {
  const { server, token, pathOf } = seeded;
  const document = 'mutation($file: Upload!) { uploadImage(file: $file) { id file { key } } }';
  const uploaded = async (): Promise<{ id: string; key: string }> => {
    const answer = await upload(server.url, document, {}, fixtures.thumbnail, token);
    const { id, file } = (JSON.parse(answer) as { data: { uploadImage: { id: string; file: { key: string } } } }).data
      .uploadImage;
    return { id, key: file.key };
  };
  const { id } = await uploaded();
  const pattern = await ImageModel.findById(id).lean().orFail();
  const images = Array.from({ length: count }, (): Image => {
    const _id = newId();
    return Object.assign({}, pattern, {
      _id,
      file: Object.assign({}, pattern.file, { key: `images/${_id}/seeded.jpg` }),
    });
  });
  await ImageModel.insertMany(images);
  await writeFiles(images.map(({ file }) => pathOf(file.key)));
  return async () => {
    const image = await uploaded();
    return timed(async () => {
      await query(server.url, token, 'mutation($id: ID!) { deleteImage(id: $id) }', { id: image.id });
      await untilGone([pathOf(image.key)]);
    });
  };
}

/** A mutation that does less: it reads a course, and changes a text by one durable update. */
async function changeOf({ server, token }: Seeded): Promise<() => Promise<number>> {
  const creation = 'mutation { createCourse(input: { title: "Changed" }) { id } }';
  const { id } = (await query<{ createCourse: { id: string } }>(server.url, token, creation)).createCourse;
  const change = 'mutation($id: ID!, $text: String!) { updateCourse(id: $id, input: { category: $text }) { id } }';
  let count = 0;
  return () => timed(() => query(server.url, token, change, { id, text: `Category ${++count}` }));
}

/** Small files, each in a folder of its own. */
async function writeFiles(paths: readonly string[]): Promise<void> {
  const [first, ...others] = paths;
  if (first === undefined) return;
  await mkdir(dirname(first), { recursive: true });
  await writeFile(first, 'x');
  for (const path of others) {
    await mkdir(dirname(path), { recursive: true });
    await copyFile(first, path);
  }
}

async function untilGone(paths: readonly string[]): Promise<void> {
  const left = new Set(paths.map((path) => dirname(path)));
  while (left.size > 0) {
    for (const folder of left) {
      if (!(await isEmpty(folder))) break;
      left.delete(folder);
    }
    if (left.size > 0) await delay(LOOK_EVERY_MS);
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.length === 0;
}
