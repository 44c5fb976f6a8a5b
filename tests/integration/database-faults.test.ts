import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { captureLog } from '../support/captured-log.js';
import { clientOf, type Client } from '../support/client.js';
import {
  ANSWER_WITHIN_MS,
  expectDoneOrAway,
  expectEndOf,
  expectReadiness,
  ROUND_MS,
  sendAll,
} from '../support/fault-rounds.js';
import { CoursesDocument } from '../support/gql/graphql.js';
import { errorCodes } from '../support/graphql-client.js';
import { startFaultyDatabase, type FaultyDatabase } from '../support/faulty-database.js';
import type { Passage, TcpProxy } from '../support/tcp-proxy.js';
import { everyCaseOfDatabase, sampleOf } from '../support/scope.js';
import { shortened, timings } from '../support/timings.js';
import { newWorkload } from '../support/workload.js';

const WAITS = shortened('databaseOperation', 'databaseSelection', 'databaseConnect');
/** How long the database is unavailable under load, in milliseconds: longer than any operation waits for it. */
const AWAY_MS = 2 * WAITS.databaseOperation;

let database: FaultyDatabase;
let proxy: TcpProxy;
let app: TestApp;
let client: Client;
const log = captureLog();

beforeAll(async () => {
  database = await startFaultyDatabase();
  proxy = database.proxy;
  const { telemetry } = log;
  app = await startApp({ MONGODB_URI: database.uri, TIMINGS: timings(WAITS) }, undefined, { telemetry });
  client = await clientOf(app, 'ada');
});
// An unavailable database is not logged as a defect, whatever the driver throws.
afterEach(() => expect(log.defects()).toEqual([]));
afterAll(async () => {
  await app.remove();
  await database.stop();
});

/** One round: sends every operation of the workload during the fault, then checks and repeats them after it. */
async function round(begin: () => unknown, end: () => void, ready: 200 | 503): Promise<string[]> {
  const operations = await newWorkload(client);
  await begin();
  const [outcomes] = await Promise.all([sendAll(operations), expectReadiness(app, ready)]).finally(end);
  expectDoneOrAway(operations, outcomes);
  await expectEndOf(app, operations, outcomes);
  return Object.values(outcomes);
}

const turned = (passage: Passage) => () => proxy.turn(passage);
const open = turned({ kind: 'open' });

it(
  'every operation succeeds while the database answers 50 ms late',
  async () => {
    const codes = await round(turned({ kind: 'late', ms: 50 }), open, 200);
    expect(new Set(codes)).toEqual(new Set(['done']));
  },
  ROUND_MS,
);

it(
  'every operation fails with DATABASE_UNAVAILABLE while the database resets connections',
  async () => {
    const codes = await round(turned({ kind: 'resetting' }), open, 503);
    expect(new Set(codes)).toEqual(new Set(['DATABASE_UNAVAILABLE']));
  },
  ROUND_MS,
);

it(
  'every operation fails with DATABASE_UNAVAILABLE while the database never answers',
  async () => {
    const codes = await round(turned({ kind: 'hanging' }), open, 503);
    expect(new Set(codes)).toEqual(new Set(['DATABASE_UNAVAILABLE']));
  },
  ROUND_MS,
);

/** Commands whose reply is lost once: all commands that change a file consists of. Each row is one round. */
const LOST_REPLIES: readonly (readonly [string, readonly string[]])[] = [
  ['insert', ['courses', 'videos', 'images']],
  ['update', ['courses', 'videos', 'topics']],
  ['findAndModify', ['courses']],
  ['update', ['media_objects']],
  ['delete', ['media_objects']],
  ['find', ['courses', 'videos']],
];

it.for(everyCaseOfDatabase ? LOST_REPLIES : sampleOf(LOST_REPLIES, 1))(
  'lost replies to %s of %j: every answer is correct, and no operation is half done',
  { timeout: ROUND_MS },
  async ([command, collections], { signal }) => {
    const left = new Set(collections);
    // On a slow machine, operations may fail before they send a command of the list: then another round is needed.
    while (left.size > 0 && !signal.aborted) {
      const untried = new Set(left);
      const collectionOf = (message: Buffer): string | undefined =>
        collections.find((collection) => isCommand(message, command, collection));
      const matches = (message: Buffer): boolean => untried.delete(collectionOf(message) ?? '');
      const onLost = (message: Buffer): void => void left.delete(collectionOf(message)!);
      await round(turned({ kind: 'losing replies', matches, onLost }), open, 200);
    }
    expect(left).toEqual(new Set());
  },
);

/** An OP_MSG contains a BSON document whose first element is a string: the command and its collection. */
function isCommand(message: Buffer, command: string, collection: string): boolean {
  const at = message.indexOf(`\x02${command}\0`, 0, 'latin1');
  if (at < 0) return false;
  const value = at + command.length + 2 + 4;
  return message.toString('latin1', value, value + collection.length + 1) === `${collection}\0`;
}

it(
  'the server works again without a restart after the database was unavailable under load',
  async () => {
    const operations = await newWorkload(client);
    const until = Date.now() + AWAY_MS;
    const seen = new Set<string>();
    /** Reads repeatedly with short requests. */
    const reader = async (): Promise<void> => {
      while (Date.now() < until) {
        const began = Date.now();
        seen.add(errorCodes(await client.send(CoursesDocument, { first: 1 })).join() || 'done');
        expect(Date.now() - began).toBeLessThan(ANSWER_WITHIN_MS);
      }
    };
    await proxy.refuse();
    const readers = Promise.all(Array.from({ length: 8 }, reader));
    const outcomes = await sendAll(operations);
    await expectReadiness(app, 503);
    // The second way to be unavailable: it accepts connections but does not answer.
    proxy.turn({ kind: 'hanging' });
    await proxy.listen();
    await readers;
    expect(seen).toEqual(new Set(['DATABASE_UNAVAILABLE']));
    proxy.turn({ kind: 'open' });
    await expectEndOf(app, operations, outcomes);
  },
  ROUND_MS,
);
