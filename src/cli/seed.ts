import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import type { App } from '../app.js';
import { Role } from '../auth/viewer.js';
import type { CatalogContext } from '../catalog/context.js';
import type { Course, CourseLevel } from '../catalog/course/course.model.js';
import { topicPages } from '../catalog/topic/topic.loader.js';
import type { Topic } from '../catalog/topic/topic.model.js';
import { videoPages } from '../catalog/video/video.loader.js';
import { Upload } from '../graphql/upload.js';
import { type SampleName, samplePath } from '../samples.js';
import { SEED_COURSES, type SeedCourse, type SeedTopic, type SeedVideo } from './seed-catalogue.js';
import { withApp } from './with-app.js';

/** The id of the instructor who owns the courses. */
const SEED_INSTRUCTOR = 'lectern-seed';
/** A page size that is larger than any list of the seed. */
const ALL = 100;

/** `lectern seed`: creates a small catalogue for trying Lectern out. Does not change existing records. */
export function seedCommand(): Command {
  return new Command('seed')
    .description('Create a small catalogue of courses, topics and videos. Running it again changes nothing.')
    .action(async () => {
      process.stdout.write(summary(await withApp(seed)));
    });
}

function summary(made: number): string {
  const titles = SEED_COURSES.map(({ title }) => `"${title}"`).join(' and ');
  return [
    made === 0 ? 'The catalogue exists already.' : `Created ${String(made)} records.`,
    `The courses ${titles} are published, so everyone may see them. They belong to the instructor ${SEED_INSTRUCTOR}.`,
    'Look at them with: { courses { nodes { title thumbnailUrl topics { nodes { title videos { nodes { title } } } } } } }',
    `Change them with a token of: lectern token --sub ${SEED_INSTRUCTOR} --role instructor`,
    '',
  ].join('\n');
}

/** Creates the records whose titles do not exist yet. Returns how many it created. */
async function seed(app: App): Promise<number> {
  let made = 0;
  for (const wanted of SEED_COURSES) {
    const course = (await findCourse(app, wanted)) ?? (made++, await makeCourse(app, wanted));
    for (const topic of wanted.topics) made += await seedTopic(app, course._id, topic);
  }
  return made;
}

async function seedTopic(app: App, courseId: string, wanted: SeedTopic): Promise<number> {
  let made = 0;
  const context = newContext();
  const course = await app.courses.find(context, courseId);
  const topics = await pageOf(topicPages(context), course?.topicIds ?? []);
  const there = topics.find((topic) => topic.title === wanted.title);
  const topic = there ?? (made++, await app.topics.create(newContext(), courseId, { title: wanted.title }));
  for (const video of wanted.videos) made += await seedVideo(app, topic, video);
  return made;
}

async function seedVideo(app: App, topic: Topic, wanted: SeedVideo): Promise<number> {
  const videos = await pageOf(videoPages(newContext()), topic.videoIds);
  if (videos.some((video) => video.title === wanted.title)) return 0;
  const { title, isPreview = false } = wanted;
  const uploads = { file: sample(wanted.file), thumbnail: sample('thumbnail.jpg') };
  await app.videos.create(newContext(), topic._id, { title, isPreview }, uploads);
  return 1;
}

async function findCourse(app: App, { title }: SeedCourse): Promise<Course | undefined> {
  const { nodes } = await app.courses.list(newContext(), { first: ALL, filter: { instructorId: SEED_INSTRUCTOR } });
  return nodes.find((course) => course.title === title);
}

async function makeCourse(app: App, { title, description, category, level }: SeedCourse): Promise<Course> {
  const input = { title, description, category, level: level as CourseLevel, status: 'PUBLISHED' as const };
  const uploads = { thumbnail: sample('thumbnail.jpg'), introVideo: sample('intro.mp4') };
  return app.courses.create(newContext(), input, uploads);
}

async function pageOf<T>(
  page: (request: {
    readonly ids: readonly string[];
    readonly first: number;
    readonly after: null;
    readonly count: () => Promise<number>;
  }) => Promise<{ readonly nodes: readonly T[] }>,
  ids: readonly string[],
): Promise<readonly T[]> {
  const { nodes } = await page({ ids, first: ALL, after: null, count: () => Promise.resolve(ids.length) });
  return nodes;
}

/** Loaders cache records by context, so each step after a write needs a new context. */
function newContext(): CatalogContext {
  const viewer = { id: SEED_INSTRUCTOR, role: Role.INSTRUCTOR };
  return { requestId: 'seed', viewer, signal: new AbortController().signal };
}

function sample(name: SampleName): Upload {
  const open = (): Readable => createReadStream(samplePath(name));
  return new Upload(() => Promise.resolve({ filename: name, declaredType: '', stream: open(), ownsChunks: true }));
}
