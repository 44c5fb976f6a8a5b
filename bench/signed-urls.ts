import { setTimeout as delay } from 'node:timers/promises';
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
  goals: [
    { contestant: 'Lectern, with URLs that were asked for before', atMost: 1.1 },
    { contestant: 'Lectern, with URLs that nobody has asked for', atMost: 1.4 },
  ],
  setUp,
};

/** A URL is made anew in each half of its lifetime. These live so short, in seconds, that a query can wait for the next. */
const SHORT_LIFE_SECONDS = 2;
const HALF_MS = (SHORT_LIFE_SECONDS * 1_000) / 2;

/** About as long as a URL here, in characters: what an answer with URLs takes although nothing is signed. */
const TEXT = 'x'.repeat(240);

const textOf = (fields: string): string =>
  `query($id: ID!) { course(id: $id) { topics(first: ${TOPICS}) { nodes { videos(first: 100) { nodes { ${fields} } } } } } }`;

async function setUp({ smoke }: Scale): Promise<Contest> {
  const data = await newLecternData();
  const id = await seedCourse(data.environment, { topics: TOPICS, videosEach: smoke ? 2 : 100 }, TEXT);
  const token = await adminToken();
  const ask = async (url: string, fields: string): Promise<number> => {
    return timed(() => query(url, token, textOf(fields), { id }));
  };
  const plain = 'id title durationSeconds isLocked isPreview';
  const withUrls = `${plain} videoUrl thumbnailUrl`;
  const lectern = await startLectern(data.environment);
  const other = await newLecternData();
  const otherId = await seedCourse(other.environment, { topics: TOPICS, videosEach: smoke ? 2 : 100 });
  const forgetful = await startLectern({
    ...other.environment,
    VIDEO_URL_TTL_SECONDS: String(SHORT_LIFE_SECONDS),
    IMAGE_URL_TTL_SECONDS: String(SHORT_LIFE_SECONDS),
  });
  return {
    contestants: new Map([
      ['Lectern, the same fields without URLs', () => ask(lectern.url, plain)],
      ['Lectern, with URLs that were asked for before', () => ask(lectern.url, withUrls)],
      [
        'Lectern, with URLs that nobody has asked for',
        async () => {
          await delay(HALF_MS - (Date.now() % HALF_MS));
          return timed(() => query(forgetful.url, token, textOf(withUrls), { id: otherId }));
        },
      ],
      [
        'Lectern, with two texts that are as long as a URL',
        () => ask(lectern.url, `${plain} one: description two: description`),
      ],
    ]),
    tearDown: async () => {
      await lectern.stop();
      await forgetful.stop();
      await data.remove();
      await other.remove();
    },
  };
}
