import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newEnvironment, startApp, type TestApp } from '../support/app.js';
import { spawnLectern } from '../support/cli.js';
import { clientOf, createCourse } from '../support/client.js';
import { startFaultyDatabase, type FaultyDatabase } from '../support/faulty-database.js';
import { fixtures } from '../support/fixtures.js';
import { patience } from '../support/patience.js';
import { timings } from '../support/timings.js';

/** The arguments of a command, and its exit code when the database is unavailable (docs/maintenance.md). */
const COMMANDS: readonly (readonly [string, number])[] = [
  ['seed', 1],
  ['sweep', 1],
  ['reconcile --json', 2],
  ['remeasure', 1],
  ['rebuild', 1],
];

/** Whether a message is the first query of a command after it has connected. */
const isQuestion = (message: Buffer): boolean =>
  ['find', 'aggregate', 'count', 'update', 'findAndModify', 'insert'].some(
    (name) => message.indexOf(`\x02${name}\0`, 0, 'latin1') >= 0,
  );

describe('a command whose database stops while it runs', () => {
  let database: FaultyDatabase;
  let app: TestApp;

  beforeAll(async () => {
    database = await startFaultyDatabase();
    const waits = timings({ databaseOperation: patience(3_000), databaseSelection: patience(2_000) });
    const environment = await newEnvironment({ MONGODB_URI: database.uri, TIMINGS: waits });
    app = await startApp({}, environment);
    await createCourse(await clientOf(app, 'ada'), { title: 'Stored' }, { thumbnail: fixtures.png });
    await app.stop();
  });
  afterAll(async () => {
    await database.stop();
    await rm(app.environment['DATA_DIR']!, { recursive: true, force: true });
  });

  it.each(COMMANDS)('%s explains it in one sentence and exits with %i', async (args, expected) => {
    let stopped = 0;
    database.proxy.turn({
      kind: 'losing replies',
      matches: (message) => {
        if (!isQuestion(message)) return false;
        stopped += 1;
        void database.proxy.refuse();
        return true;
      },
    });
    try {
      const { exitCode, stderr } = await spawnLectern(app.environment, ...args.split(' '));
      expect(stopped).toBeGreaterThan(0);
      expect(stderr).toMatch(/^The database does not answer.*Is it running, and is MONGODB_URI right\?\n$/);
      expect(exitCode).toBe(expected);
    } finally {
      database.proxy.turn({ kind: 'open' });
      await database.proxy.listen();
    }
  });
});
