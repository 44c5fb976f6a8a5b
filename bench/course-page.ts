import { startCountingDatabase } from './command-counts.js';
import type { Contest, Figure, Scale } from './figure.js';
import { quantile } from './measure.js';
import { seedCourse, seedCourses } from './seed.js';
import { adminToken, newLecternData, startLectern } from './servers.js';
import { query, timed } from './transfer.js';

const TOPICS = 20;
const VIDEOS_EACH = 10;
/** Videos in the database. */
const FEW = 1_000;
const MANY = 100_000;
const REQUESTS = 20;

const FILE = 'file { url urlExpiresAt size contentType } thumbnail { url urlExpiresAt width height }';
const PAGE = `query($id: ID!) {
  course(id: $id) {
    title description thumbnailUrl introVideoUrl
    topics(first: ${TOPICS}) { nodes { id title videos(first: ${VIDEOS_EACH}) {
      nodes { id title durationSeconds isPreview isLocked videoUrl thumbnailUrl ${FILE} }
    } } }
  }
}`;

/** Whether a page takes longer when there are more of others. */
export const coursePage: Figure = {
  name: 'course-page',
  title: 'Page of a course: 20 topics, 200 videos with all URLs, among more and more videos (embedded database)',
  unit: 'ms',
  goals: [{ contestant: 'Lectern, 100,000 videos', atMost: 1.3 }],
  setUp: setUpPage,
};

/** Whether a page far down in a list takes longer than the first. */
export const deepPage: Figure = {
  name: 'deep-page',
  title: 'A page of 100 among 20,000 courses (embedded database)',
  unit: 'ms',
  goals: [{ contestant: 'Lectern, the page behind 18,000 courses', atMost: 1.1 }],
  setUp: setUpList,
};

/** The median of some requests: one alone is too short to be measured. */
async function median(smoke: boolean, ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < (smoke ? 1 : REQUESTS); i++) times.push(await timed(ask));
  return quantile(times, 0.5);
}

async function setUpPage({ smoke }: Scale): Promise<Contest> {
  const token = await adminToken();
  const start = async (videos: number) => {
    const data = await newLecternData();
    await seedCourse(data.environment, { topics: smoke ? 1 : videos / VIDEOS_EACH - TOPICS, videosEach: VIDEOS_EACH });
    const id = await seedCourse(data.environment, { topics: TOPICS, videosEach: VIDEOS_EACH });
    const server = await startLectern(data.environment);
    return { data, server, page: () => median(smoke, () => query(server.url, token, PAGE, { id })) };
  };
  const few = await start(FEW);
  const many = await start(MANY);
  return {
    contestants: new Map([
      ['Lectern, 1,000 videos', few.page],
      ['Lectern, 100,000 videos', many.page],
    ]),
    tearDown: async () => {
      for (const { server, data } of [few, many]) {
        await server.stop();
        await data.remove();
      }
    },
  };
}

async function setUpList({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const [courses, deep] = smoke ? [200, 100] : [20_000, 18_000];
  await seedCourses(data.environment, courses);
  const server = await startLectern(data.environment);
  const text = `query($after: String) {
    courses(first: 100, after: $after) { nodes { id title description level createdAt } pageInfo { endCursor } }
  }`;
  const page = async (after: string | null): Promise<string> => {
    type Answer = { courses: { nodes: unknown[]; pageInfo: { endCursor: string } } };
    return (await query<Answer>(server.url, null, text, { after })).courses.pageInfo.endCursor;
  };
  let after: string | null = null;
  for (let passed = 0; passed < deep; passed += 100) after = await page(after);
  const cursor = after;
  return {
    contestants: new Map([
      ['Lectern, the first page', () => median(smoke, () => page(null))],
      ['Lectern, the page behind 18,000 courses', () => median(smoke, () => page(cursor))],
    ]),
    tearDown: async () => {
      await server.stop();
      await data.remove();
    },
  };
}

/** How many commands a page costs, however many records it shows. */
export const coursePageCommands: Figure = {
  name: 'course-page-commands',
  title: 'Commands to the database for the page of a course',
  unit: 'commands',
  goals: [{ contestant: 'Lectern, 20 topics of 10 videos', medianAtMost: 3 }],
  setUp: setUpCommands,
};

async function setUpCommands({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const database = await startCountingDatabase();
  const environment = { ...data.environment, MONGODB_URI: database.uri };
  const small = await seedCourse(environment, { topics: 1, videosEach: 1 });
  const large = await seedCourse(environment, { topics: smoke ? 2 : TOPICS, videosEach: VIDEOS_EACH });
  // What a server does by itself from time to time is not counted.
  const server = await startLectern({ ...environment, SWEEP_INTERVAL_SECONDS: '86400' });
  const token = await adminToken();
  const commands = async (id: string): Promise<number> => {
    const before = database.count();
    await query(server.url, token, PAGE, { id });
    return database.count() - before;
  };
  return {
    contestants: new Map([
      ['Lectern, 1 topic of 1 video', () => commands(small)],
      ['Lectern, 20 topics of 10 videos', () => commands(large)],
    ]),
    tearDown: async () => {
      await server.stop();
      await database.stop();
      await data.remove();
    },
  };
}
