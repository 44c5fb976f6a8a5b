import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedUri } from '../src/database/embedded/index.js';
import { startMongoServer } from '../tests/support/mongodb.js';
import type { Contest, Figure, Scale } from './figure.js';
import { seedCourses } from './seed.js';
import { newLecternData, startLectern, startPeer } from './servers.js';
import { query, timed } from './transfer.js';

const COURSES = 100;
const REQUESTS = 40;
const AT_ONCE = 4;

/** The same list of the same records, by the usual parts put together: Apollo Server, mongoose, graphql-js. */
export const courseList: Figure = {
  name: 'course-list',
  title: 'A list of 100 courses with five fields, embedded database',
  unit: 'requests/s',
  goals: [{ contestant: 'Lectern', atLeast: 2.5 }],
  setUp: (scale) => setUp(scale, null),
};

export const courseListMongodb: Figure = {
  name: 'course-list-mongodb',
  title: 'A list of 100 courses with five fields, MongoDB',
  unit: 'requests/s',
  goals: [{ contestant: 'Lectern', atLeast: 2 }],
  setUp: async (scale) => {
    const database = await startMongoServer();
    const contest = await setUp(scale, database.uri.replace('/test', '/bench'));
    return { ...contest, tearDown: () => contest.tearDown().then(() => database.stop()) };
  },
};

async function setUp({ smoke }: Scale, mongodbUri: string | null): Promise<Contest> {
  const data = await newLecternData();
  const environment = { ...data.environment, ...(mongodbUri !== null && { MONGODB_URI: mongodbUri }) };
  await seedCourses(environment, COURSES);
  const lectern = await startLectern(environment);
  const socket = join(data.environment['DATA_DIR']!, 'database.socket');
  const uri = mongodbUri ?? embeddedUri((await readFile(socket, 'utf8')).trim());
  const peer = await startPeer('apollo-mongoose.js', { MONGODB_URI: uri });

  const text = `{ courses(first: ${COURSES}) { nodes { id title description level createdAt } } }`;
  const perSecond = async (url: string): Promise<number> => {
    const count = smoke ? 2 : REQUESTS;
    const ms = await timed(async () => {
      const ask = async (): Promise<void> => {
        for (let i = 0; i < count / AT_ONCE; i++) await expectList(url, text);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, ask));
    });
    return (Math.ceil(count / AT_ONCE) * AT_ONCE) / (ms / 1000);
  };
  return {
    contestants: new Map([
      ['Apollo Server with mongoose', () => perSecond(peer.url)],
      ['Lectern', () => perSecond(lectern.url)],
    ]),
    tearDown: async () => {
      await peer.stop();
      await lectern.stop();
      await data.remove();
    },
  };
}

async function expectList(url: string, text: string): Promise<void> {
  const { courses } = await query<{ courses: { nodes: unknown[] } }>(url, null, text);
  if (courses.nodes.length !== COURSES) throw new Error(`${url} gave ${courses.nodes.length} courses.`);
}
