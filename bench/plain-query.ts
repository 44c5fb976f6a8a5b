import { mongo } from 'mongoose';
import type { Contest, Figure, Scale } from './figure.js';
import { seedCourse } from './seed.js';
import { adminToken, embeddedUriOf, newLecternData, startLectern, startPeer } from './servers.js';
import { query, send, timed } from './transfer.js';

const TOPICS = 10;
const TEXT = `query($id: ID!) {
  course(id: $id) {
    topics(first: ${TOPICS}) { nodes { videos(first: 100) { nodes { id title durationSeconds isLocked isPreview } } } }
  }
}`;

/**
 * What database, access rules and limits add to the work of graphql-js itself. With a line for the driver that reads the same
 * fields of the same records: no server that reads them is faster than both lines together.
 */
export const plainQuery: Figure = {
  name: 'plain-query',
  title: '1,000 videos without URLs',
  unit: 'ms',
  goals: [{ contestant: 'Lectern', atMost: 2 }],
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const id = await seedCourse(data.environment, { topics: TOPICS, videosEach: smoke ? 2 : 100 });
  const [lectern, alone] = await Promise.all([startLectern(data.environment), startPeer('graphql-alone.js')]);
  const token = await adminToken();
  const rows = Buffer.from(JSON.stringify(await query(lectern.url, token, TEXT, { id })));
  await send('PUT', alone.url, { 'content-length': rows.length }, [rows]);
  const client = await new mongo.MongoClient(await embeddedUriOf(data.environment)).connect();
  const read = await readVideos(client.db(), id);
  return {
    contestants: new Map([
      ['graphql-js alone, rows in memory', () => timed(() => query(alone.url, null, TEXT, { id }))],
      ['Lectern', () => timed(() => query(lectern.url, token, TEXT, { id }))],
      ['the query of the database alone', () => timed(read)],
    ]),
    tearDown: async () => {
      await client.close();
      await Promise.all([lectern.stop(), alone.stop()]);
      await data.remove();
    },
  };
}

/** Returns a function that reads the fields of TEXT of all videos of a course, as Lectern does. */
async function readVideos(db: mongo.Db, courseId: string): Promise<() => Promise<void>> {
  const topics = await db.collection<{ videoIds: string[] }>('topics').find({ courseId }).toArray();
  const ids = topics.flatMap(({ videoIds }) => videoIds);
  const fields = ['title', 'durationSeconds', 'file.durationSeconds', 'isPreview'];
  const projection = Object.fromEntries(fields.map((field) => [field, 1]));
  const videos = db.collection<{ _id: string }>('videos');
  const filter = { _id: { $in: ids }, deletedAt: { $exists: false } };
  return async () => {
    const found = await videos.find(filter, { projection, batchSize: ids.length + 1 }).toArray();
    if (found.length !== ids.length) throw new Error(`The database gave ${found.length} of ${ids.length} videos.`);
  };
}
