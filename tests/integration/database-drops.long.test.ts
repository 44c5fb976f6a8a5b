import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { captureLog } from '../support/captured-log.js';
import { clientOf, createCourse, type Client } from '../support/client.js';
import { watchCommands } from '../support/commands.js';
import { expectDoneOrAway, expectEndOf, ROUND_MS, sendAll } from '../support/fault-rounds.js';
import { startFaultyDatabase, type FaultyDatabase } from '../support/faulty-database.js';
import { CreateCourseDocument, UpdateCourseDocument } from '../support/gql/graphql.js';
import { errorCodes } from '../support/graphql-client.js';
import { shortened, timings } from '../support/timings.js';
import { newWorkload } from '../support/workload.js';

let database: FaultyDatabase;
let app: TestApp;
let client: Client;
/** Called just before the server sends a command. */
let onCommand: () => void = () => undefined;
const log = captureLog();

beforeAll(async () => {
  database = await startFaultyDatabase();
  watchCommands(() => onCommand());
  const waits = shortened('databaseOperation', 'databaseSelection', 'databaseConnect');
  const { telemetry } = log;
  app = await startApp({ MONGODB_URI: database.uri, TIMINGS: timings(waits) }, undefined, { telemetry });
  client = await clientOf(app, 'ada');
});
afterAll(async () => {
  await app.remove();
  await database.stop();
});

/** More bytes than a socket accepts without waiting (16 KiB): then the driver throws the socket's error unwrapped. */
const LONG_TEXT = '€'.repeat(10_000);
/** The connections are reset after this many commands. */
const DROP_EVERY = 3;

it(
  'connections that are reset while commands are written cause DATABASE_UNAVAILABLE and no other error',
  async () => {
    const operations = await newWorkload(client);
    const { id } = await createCourse(client, { title: 'Written' });
    const writers = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? () => client.send(CreateCourseDocument, { input: { title: 'Long', description: LONG_TEXT } })
        : () => client.send(UpdateCourseDocument, { id, input: { description: LONG_TEXT } }),
    );
    const seenBefore = log.lines().length;
    let commands = 0;
    onCommand = () => {
      commands += 1;
      if (commands % DROP_EVERY === 0) database.proxy.drop();
    };
    const [outcomes, written] = await Promise.all([
      sendAll(operations),
      Promise.all(writers.map(async (write) => errorCodes(await write()).join() || 'done')),
    ]).finally(() => (onCommand = () => undefined));

    expectDoneOrAway(operations, outcomes);
    expect(written.filter((code) => code !== 'done' && code !== 'DATABASE_UNAVAILABLE')).toEqual([]);
    // An unavailable database is not logged as a defect, whatever the driver throws.
    expect(log.defects()).toEqual([]);
    // At least one error was not wrapped by the driver.
    const stacks = log
      .lines()
      .slice(seenBefore)
      .map(({ err }) => err?.stack ?? '');
    expect(stacks.filter((stack) => /^LecternError.*\n( +at .*\n)*caused by: Error: write E/.test(stack))).not.toEqual(
      [],
    );
    await expectEndOf(app, operations, outcomes);
  },
  ROUND_MS,
);
