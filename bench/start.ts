import type { Contest, Figure } from './figure.js';
import { runNode } from './node-process.js';
import { newLecternData, startLectern } from './servers.js';
import { timed } from './transfer.js';

/** From `node dist/main.js` to the line that says that it listens, on data that are there already. */
export const start: Figure = {
  name: 'start',
  title: 'Start of the built server, to ready',
  unit: 'ms',
  goals: [{ contestant: 'Lectern', atMost: 7, medianAtMost: 600 }],
  setUp,
};

async function setUp(): Promise<Contest> {
  const data = await newLecternData();
  await (await startLectern(data.environment)).stop();
  return {
    contestants: new Map([
      ['node -e 0', () => timed(() => runNode(['-e', '0']))],
      [
        'Lectern',
        async () => {
          const began = performance.now();
          const lectern = await startLectern(data.environment);
          const ms = performance.now() - began;
          await lectern.stop();
          return ms;
        },
      ],
    ]),
    tearDown: () => data.remove(),
  };
}
