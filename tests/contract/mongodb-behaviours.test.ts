import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedDatabase } from '../../src/database/embedded/index.js';
import { AGGREGATIONS } from './mongodb-behaviours-aggregations.js';
import { COMMANDS } from './mongodb-behaviours-commands.js';
import { INDEXES } from './mongodb-behaviours-indexes.js';
import { QUERIES } from './mongodb-behaviours-queries.js';
import { WRONG_IN_SECANTUS } from './mongodb-behaviours-secantus.js';
import { UPDATES } from './mongodb-behaviours-updates.js';
import type { Row } from './mongodb-behaviours.js';

/*
 * What MongoDB documents, asked of the server that MONGODB_URI names, else of the embedded database. Run it on both:
 * `MONGODB_URI=mongodb://… npx vitest run tests/contract/mongodb-behaviours.test.ts`.
 */
let client: mongo.MongoClient;
let db: mongo.Db;
let isSecantus = false;
let stop = async (): Promise<void> => undefined;
let collections = 0;

beforeAll(async () => {
  let uri = process.env['MONGODB_URI'];
  if (uri === undefined || uri === '') {
    const directory = await mkdtemp(join(tmpdir(), 'lectern-behaviours-'));
    const embedded = await startEmbeddedDatabase({ directory, socketPath: join(directory, 'mongodb.sock') });
    uri = embedded.uri();
    stop = async () => {
      await embedded.close();
      await rm(directory, { recursive: true });
    };
  }
  client = await new mongo.MongoClient(uri).connect();
  const { setName } = await client.db('admin').command({ hello: 1 });
  isSecantus = setName === 'secantus';
  db = client.db(`behaviours_${new mongo.ObjectId().toHexString()}`);
});

afterAll(async () => {
  await db.dropDatabase();
  await client.close();
  await stop();
});

describe.each([
  { part: 'queries', rows: QUERIES },
  { part: 'updates', rows: UPDATES },
  { part: 'indexes', rows: INDEXES },
  { part: 'aggregations', rows: AGGREGATIONS },
  { part: 'commands', rows: COMMANDS },
])('MongoDB behaviours: $part', ({ rows }) => {
  test.for(rows)('$name', async ({ name, docs, run, gives }, { skip }) => {
    const wrong = WRONG_IN_SECANTUS[name];
    if (isSecantus && wrong !== undefined) skip(`SecantusDB: ${wrong}`);
    const collection = db.collection<Row>(`c${++collections}`);
    if (docs !== undefined && docs.length > 0) await collection.insertMany(docs.map((doc) => ({ ...doc })));
    expect(await run(collection, db)).toEqual(gives);
  });
});
