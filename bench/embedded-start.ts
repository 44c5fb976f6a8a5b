import type { Contest, Figure, Scale } from './figure.js';
import { seedCourse } from './seed.js';
import { newLecternData, startLectern } from './servers.js';

const VIDEOS_EACH = 100;
/** Videos in the embedded database: some, and many. */
const SIZES = { few: 1_000, some: 50_000, many: 500_000 };

/** Whether the start takes longer with more records. */
export const embeddedStart: Figure = {
  name: 'embedded-start',
  title: 'Start on an embedded database that is full, to ready',
  unit: 'ms',
  goals: [
    { contestant: 'Lectern, 50,000 videos', medianAtMost: 800 },
    { contestant: 'Lectern, 500,000 videos', medianAtMost: 3_000 },
  ],
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const data = await Promise.all(Object.values(SIZES).map(() => newLecternData()));
  for (const [index, videos] of Object.values(SIZES).entries()) {
    const topics = smoke ? 1 : videos / VIDEOS_EACH;
    await seedCourse(data[index]!.environment, { topics, videosEach: smoke ? 1 : VIDEOS_EACH });
  }
  return {
    contestants: new Map(
      Object.values(SIZES).map((videos, index) => [
        `Lectern, ${videos.toLocaleString('en')} videos`,
        async () => {
          const began = performance.now();
          const lectern = await startLectern(data[index]!.environment);
          const ms = performance.now() - began;
          await lectern.stop();
          return ms;
        },
      ]),
    ),
    tearDown: async () => {
      for (const each of data) await each.remove();
    },
  };
}
