import type { Contest, Figure, Scale } from './figure.js';
import { seedCourse } from './seed.js';
import { adminToken, newLecternData, startLectern } from './servers.js';
import { query, timed } from './transfer.js';

const TOPICS = 10;

/** How much longer a query of videos takes when it also asks for two URLs of each. */
export const signedUrls: Figure = {
  name: 'signed-urls',
  title: '1,000 videos with 2,000 signed URLs of local files',
  unit: 'ms',
  goals: [{ contestant: 'Lectern, with URLs', atMost: 1.1 }],
  setUp,
};

const textOf = (fields: string): string =>
  `query($id: ID!) { course(id: $id) { topics(first: ${TOPICS}) { nodes { videos(first: 100) { nodes { ${fields} } } } } } }`;

async function setUp({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const id = await seedCourse(data.environment, { topics: TOPICS, videosEach: smoke ? 2 : 100 });
  const lectern = await startLectern(data.environment);
  const token = await adminToken();
  const ask = (fields: string) => timed(() => query(lectern.url, token, textOf(fields), { id }));
  return {
    contestants: new Map([
      ['Lectern, the same fields without URLs', () => ask('id title durationSeconds isLocked isPreview')],
      ['Lectern, with URLs', () => ask('id title durationSeconds isLocked isPreview videoUrl thumbnailUrl')],
    ]),
    tearDown: async () => {
      await lectern.stop();
      await data.remove();
    },
  };
}
