import type { Contest, Figure, Scale } from './figure.js';
import { seedCourse } from './seed.js';
import { adminToken, newLecternData, startLectern, startPeer } from './servers.js';
import { query, send, timed } from './transfer.js';

const TOPICS = 10;
const TEXT = `query($id: ID!) {
  course(id: $id) {
    topics(first: ${TOPICS}) { nodes { videos(first: 100) { nodes { id title durationSeconds isLocked isPreview } } } }
  }
}`;

/** What database, access rules and limits add to the work of graphql-js itself. */
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
  return {
    contestants: new Map([
      ['graphql-js alone, rows in memory', () => timed(() => query(alone.url, null, TEXT, { id }))],
      ['Lectern', () => timed(() => query(lectern.url, token, TEXT, { id }))],
    ]),
    tearDown: async () => {
      await Promise.all([lectern.stop(), alone.stop()]);
      await data.remove();
    },
  };
}
