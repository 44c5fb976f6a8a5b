import { join } from 'node:path';
import type { Contest, Figure } from './figure.js';
import { runNode } from './node-process.js';
import { newLecternData } from './servers.js';
import { timed } from './transfer.js';

const CLI = join(import.meta.dirname, '../dist/cli/main.js');

export const commands: Figure = {
  name: 'commands',
  title: 'Commands that open no database',
  unit: 'ms',
  goals: [
    { contestant: 'Lectern, lectern --help', atMost: 3 },
    { contestant: 'Lectern, lectern token', atMost: 6 },
  ],
  setUp,
};

async function setUp(): Promise<Contest> {
  const { environment, remove } = await newLecternData();
  const token = [CLI, 'token', '--sub', 'alice', '--role', 'instructor'];
  return {
    contestants: new Map([
      ['node -e 0', () => timed(() => runNode(['-e', '0']))],
      ['Lectern, lectern --help', () => timed(() => runNode([CLI, '--help'], environment))],
      ['Lectern, lectern token', () => timed(() => runNode(token, { ...environment, NODE_ENV: 'development' }))],
    ]),
    tearDown: remove,
  };
}
