import type { mongo } from 'mongoose';
import { beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { startEmbeddedDatabase } from '../../src/database/embedded/index.js';
import { explained } from '../contract/mongodb-behaviours.js';
import type { Row } from './embedded-support.js';

const COUNT = 600;
const day = (n: number): Date => new Date(Date.UTC(2024, 0, 1 + n));
let things: mongo.Collection<Row>;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lectern-planner-'));
  const database = await startEmbeddedDatabase({ directory, socketPath: join(directory, 'db.sock') });
  const client = await new mongoose.mongo.MongoClient(database.uri()).connect();
  things = client.db().collection<Row>('things');
  await things.createIndex({ listKeys: 1, createdAt: 1, _id: 1 });
  await things.createIndex({ owner: 1, rank: -1 });
  await things.createIndex({ words: 1 });
  await things.createIndex({ email: 1 }, { unique: true, partialFilterExpression: { email: { $exists: true } } });
  await things.createIndex({ late: 1 }, { sparse: true });
  const rows = Array.from({ length: COUNT }, (_, i) => ({
    _id: i,
    listKeys: ['x', i % 2 === 0 ? 'even' : 'odd'],
    createdAt: day(Math.floor(i / 3)),
    owner: i % 10,
    rank: i,
    words: [`w${i}`, 'all', `v${i % 7}`],
    ...(i < 5 ? { email: `${i}@example.org`, late: i } : {}),
  }));
  await things.insertMany(rows);
  return async () => {
    await client.close();
    await database.close();
    await rm(directory, { recursive: true });
  };
});

interface Row2 {
  readonly name: string;
  readonly filter: Row;
  readonly sort?: Record<string, 1 | -1>;
  readonly limit?: number;
  readonly stages: string[];
  readonly examined: number;
  readonly returned?: number;
}

const LIST = 'IXSCAN listKeys_1_createdAt_1__id_1';
const FETCH = 'FETCH';
const at = day(100);

const PLANS: readonly Row2[] = [
  { name: 'an _id', filter: { _id: 7 }, stages: [FETCH, 'IXSCAN _id_'], examined: 1 },
  { name: 'several _ids', filter: { _id: { $in: [7, 9, 11, 9999] } }, stages: [FETCH, 'IXSCAN _id_'], examined: 3 },
  { name: 'a field without an index', filter: { other: 1 }, stages: ['COLLSCAN'], examined: COUNT, returned: 0 },
  {
    name: 'the first page with the newest first',
    filter: { listKeys: 'x' },
    sort: { createdAt: -1, _id: -1 },
    limit: 21,
    stages: ['LIMIT', FETCH, LIST],
    examined: 21,
  },
  {
    name: 'the first page with the oldest first',
    filter: { listKeys: 'x' },
    sort: { createdAt: 1, _id: 1 },
    limit: 21,
    stages: ['LIMIT', FETCH, LIST],
    examined: 21,
  },
  {
    name: 'the next page after a cursor',
    filter: { listKeys: 'x', $or: [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $lt: 302 } }] },
    sort: { createdAt: -1, _id: -1 },
    limit: 21,
    stages: ['LIMIT', FETCH, LIST],
    examined: 22,
    returned: 21,
  },
  {
    name: 'an equality and a range on one index',
    filter: { listKeys: 'even', createdAt: { $lt: day(2) } },
    stages: [FETCH, LIST],
    examined: 3,
  },
  {
    name: 'a sort that no index gives',
    filter: { listKeys: 'even' },
    sort: { rank: 1 },
    limit: 5,
    stages: ['LIMIT', 'SORT', FETCH, LIST],
    examined: 300,
    returned: 5,
  },
  {
    name: 'a descending field',
    filter: { owner: 3, rank: { $gte: 500 } },
    sort: { rank: -1 },
    stages: [FETCH, 'IXSCAN owner_1_rank_-1'],
    examined: 10,
  },
  {
    name: 'the prefix of a word',
    filter: { words: { $elemMatch: { $gte: 'w59', $lt: 'w5:' } } },
    stages: [FETCH, 'IXSCAN words_1'],
    examined: 11,
  },
  {
    name: 'all of several words',
    filter: { words: { $all: ['w7', 'all'] } },
    stages: [FETCH, 'IXSCAN words_1'],
    examined: 1,
  },
  {
    name: 'a partial index when the filter implies its condition',
    filter: { email: '3@example.org' },
    stages: [FETCH, 'IXSCAN email_1'],
    examined: 1,
  },
  {
    name: 'a filter that a partial index does not cover',
    filter: { email: null },
    stages: ['COLLSCAN'],
    examined: COUNT,
    returned: COUNT - 5,
  },
  {
    name: 'a sparse index when the filter requires the field',
    filter: { late: { $gte: 3 } },
    stages: [FETCH, 'IXSCAN late_1'],
    examined: 2,
  },
  {
    name: 'a sort that a sparse index does not cover',
    filter: {},
    sort: { late: -1 },
    limit: 2,
    stages: ['LIMIT', 'SORT', 'COLLSCAN'],
    examined: COUNT,
    returned: 2,
  },
  {
    name: 'an $or whose branches have no index in common',
    filter: { $or: [{ owner: 3, rank: 3 }, { _id: 5 }] },
    stages: ['COLLSCAN'],
    examined: COUNT,
    returned: 2,
  },
  {
    name: 'a sort by _id without a filter',
    filter: {},
    sort: { _id: -1 },
    limit: 4,
    stages: ['LIMIT', FETCH, 'IXSCAN _id_'],
    examined: 4,
  },
];

describe('the planner examines no more documents than needed for', () => {
  test.each(PLANS)('$name', async ({ filter, sort, limit, stages, examined, returned }) => {
    let cursor = things.find(filter);
    if (sort !== undefined) cursor = cursor.sort(sort);
    if (limit !== undefined) cursor = cursor.limit(limit);
    const plan = await explained(cursor);
    expect(plan).toMatchObject({ stages, totalDocsExamined: examined, nReturned: returned ?? examined });
  });
});

test('a query through an index returns what a scan returns', async () => {
  for (const { filter, sort, limit } of PLANS) {
    const run = (hint: object) => {
      const cursor = things.find(filter).hint(hint);
      return (sort === undefined ? cursor : cursor.sort(sort)).limit(limit ?? 0).toArray();
    };
    const byIndex = things.find(filter);
    const found = await (sort === undefined ? byIndex : byIndex.sort(sort)).limit(limit ?? 0).toArray();
    const all = await run({ $natural: 1 });
    const ids = (rows: Row[]) => rows.map(({ _id }) => Number(_id));
    if (sort === undefined) expect(ids(found).sort((a, b) => a - b)).toEqual(ids(all));
    else expect(ids(found)).toEqual(ids(all));
  }
});

test.each([
  { by: 'many keys', filter: { _id: { $in: Array.from({ length: 100 }, (_, i) => i + 10_000) } }, sort: {} },
  { by: 'a range', filter: { _id: { $gte: 10_000 } }, sort: { _id: 1 } },
  { by: 'a range backward', filter: { _id: { $gte: 10_000 } }, sort: { _id: -1 } },
] as const)(
  'a cursor over $by returns what was changed between its batches, and nothing that was removed or no longer matches',
  async ({ filter, sort }) => {
    const ids = Array.from({ length: 100 }, (_, i) => i + 10_000);
    await things.insertMany(ids.map((_id) => ({ _id, title: 'old' })));
    const cursor = things.find({ ...filter, late: { $exists: false } }, { sort }).batchSize(2);
    const first = await cursor.next();
    // All of these are read with the first batch, but in batches to come.
    const [changed, removed, hidden] = first?._id === 10_000 ? [10_003, 10_004, 10_005] : [10_096, 10_095, 10_094];
    await things.updateOne({ _id: changed }, { $set: { title: 'new' } });
    await things.deleteOne({ _id: removed });
    await things.updateOne({ _id: hidden }, { $set: { late: 1 } });
    const found = [first, ...(await cursor.toArray())].map((row) => [row?._id, row?.title]);
    const expected = ids
      .filter((id) => id !== removed && id !== hidden)
      .map((id) => [id, id === changed ? 'new' : 'old']);
    expect(found).toEqual('_id' in sort && sort._id === -1 ? expected.reverse() : expected);
    await things.deleteMany({ _id: { $in: ids } });
  },
);
