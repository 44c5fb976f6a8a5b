import type { Contest, Figure } from './figure.js';
import { runNode } from './node-process.js';
import { newLecternData, startLectern, startPeer, type MeasuredServer } from './servers.js';
import { timed } from './transfer.js';

/**
 * From `node dist/main.js` to the line that says that it listens, on data that are there already. The peer has no database, and
 * nothing to check before it listens.
 */
export const start: Figure = {
  name: 'start',
  title: 'Start of the built server, to ready',
  unit: 'ms',
  goals: [{ contestant: 'Lectern', atMost: 7, medianAtMost: 600 }],
  setUp,
};

/** Milliseconds until a server is ready. It is stopped then. */
async function startOf(start: () => Promise<MeasuredServer>): Promise<number> {
  const began = performance.now();
  const server = await start();
  const ms = performance.now() - began;
  await server.stop();
  return ms;
}

async function setUp(): Promise<Contest> {
  const data = await newLecternData();
  await (await startLectern(data.environment)).stop();
  return {
    contestants: new Map([
      ['node -e 0', () => timed(() => runNode(['-e', '0']))],
      ['Lectern', () => startOf(() => startLectern(data.environment))],
      ['graphql-upload-minimal, Apollo', () => startOf(() => startPeer('apollo-minimal.js'))],
    ]),
    tearDown: () => data.remove(),
  };
}
