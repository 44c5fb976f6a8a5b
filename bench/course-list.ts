import { mongo } from 'mongoose';
import { startMongoServer } from '../tests/support/mongodb.js';
import type { Contest, Figure, Scale } from './figure.js';
import { seedCourses } from './seed.js';
import { cpuMs } from './server-memory.js';
import { embeddedUriOf, newLecternData, startLectern, startPeer, type MeasuredServer } from './servers.js';
import { query, timed } from './transfer.js';

const COURSES = 100;
const TEXT = `{ courses(first: ${COURSES}) { nodes { id title description level createdAt } } }`;
const REQUESTS = 40;
const AT_ONCE = 4;

/** What a figure measures of a server while it answers so many requests. */
type Measured = (server: MeasuredServer, count: number) => Promise<number>;

/** The same list of the same records, by the usual parts put together: Apollo Server, mongoose, graphql-js. */
export const courseList: Figure = {
  name: 'course-list',
  title: 'A list of 100 courses with five fields, embedded database',
  unit: 'requests/s',
  goals: [{ contestant: 'Lectern', atLeast: 2.5 }],
  setUp: (scale) => setUp(scale, null, perSecond),
};

export const courseListMongodb: Figure = {
  name: 'course-list-mongodb',
  title: 'A list of 100 courses with five fields, MongoDB',
  unit: 'requests/s',
  goals: [{ contestant: 'Lectern', atLeast: 2 }],
  setUp: setUpBesideDriver,
};

/** The same without the work of the database, which is most of the time with the server that stands for MongoDB in tests. */
export const courseListCpu: Figure = {
  name: 'course-list-cpu',
  title: 'Processor time of the GraphQL server for one such list, MongoDB',
  unit: 'ms',
  goals: [],
  setUp: (scale) => setUpMongodb(scale, cpuForEach),
};

async function setUpMongodb(scale: Scale, measured: Measured): Promise<Contest & { readonly uri: string }> {
  const database = await startMongoServer();
  const uri = database.uri.replace('/test', '/bench');
  const contest = await setUp(scale, uri, measured);
  return { ...contest, uri, tearDown: () => contest.tearDown().then(() => database.stop()) };
}

/** With a line for the query of the peer alone, without a GraphQL server: faster than that is none on this database. */
async function setUpBesideDriver(scale: Scale): Promise<Contest> {
  const { uri, contestants, tearDown } = await setUpMongodb(scale, perSecond);
  const client = await new mongo.MongoClient(uri).connect();
  const list = async (): Promise<void> => {
    const found = client.db().collection('courses').find({ status: 'PUBLISHED' });
    const courses = await found.sort({ createdAt: -1, _id: -1 }).limit(COURSES).toArray();
    if (courses.length !== COURSES) throw new Error(`The database gave ${courses.length} courses.`);
  };
  return {
    contestants: new Map([...contestants, ['the query of the database alone', () => rateOf(list, countOf(scale))]]),
    tearDown: () => client.close().then(tearDown),
  };
}

async function setUp(scale: Scale, mongodbUri: string | null, measured: Measured): Promise<Contest> {
  const data = await newLecternData();
  const environment = { ...data.environment, ...(mongodbUri !== null && { MONGODB_URI: mongodbUri }) };
  await seedCourses(environment, COURSES);
  const lectern = await startLectern(environment);
  const uri = mongodbUri ?? (await embeddedUriOf(data.environment));
  const peer = await startPeer('apollo-mongoose.js', { MONGODB_URI: uri });
  return {
    contestants: new Map([
      ['Apollo Server with mongoose', () => measured(peer, countOf(scale))],
      ['Lectern', () => measured(lectern, countOf(scale))],
    ]),
    tearDown: async () => {
      await peer.stop();
      await lectern.stop();
      await data.remove();
    },
  };
}

function countOf({ smoke }: Scale): number {
  return smoke ? AT_ONCE : REQUESTS;
}

function perSecond({ url }: MeasuredServer, count: number): Promise<number> {
  return rateOf(() => expectList(url), count);
}

async function cpuForEach({ url, pid }: MeasuredServer, count: number): Promise<number> {
  const before = cpuMs(pid);
  await rateOf(() => expectList(url), count);
  return (cpuMs(pid) - before) / count;
}

/** Asks so often, AT_ONCE at the same time. Returns how often in a second. */
async function rateOf(ask: () => Promise<void>, count: number): Promise<number> {
  const askInTurn = async (): Promise<void> => {
    for (let i = 0; i < count / AT_ONCE; i++) await ask();
  };
  return count / ((await timed(() => Promise.all(Array.from({ length: AT_ONCE }, askInTurn)))) / 1_000);
}

async function expectList(url: string): Promise<void> {
  const { courses } = await query<{ courses: { nodes: unknown[] } }>(url, null, TEXT);
  if (courses.nodes.length !== COURSES) throw new Error(`${url} gave ${courses.nodes.length} courses.`);
}
