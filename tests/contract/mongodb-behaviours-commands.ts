import { mongo } from 'mongoose';
import { refusal } from './mongodb-behaviours.js';
import type { Behaviour, Doc } from './mongodb-behaviours.js';

const three = [{ _id: 1 }, { _id: 2 }, { _id: 3 }];
const many = Array.from({ length: 250 }, (_, i) => ({ _id: i }));

/** A command that is refused, with these fields of the error. */
function refusedCommand(
  name: string,
  command: (collection: string) => Doc,
  gives: Doc,
  docs: readonly Doc[] = three,
): Behaviour {
  return {
    name,
    docs,
    run: async (collection, db) => {
      const error = await db.command(command(collection.collectionName)).then(
        () => ({ code: 'not refused' }),
        (thrown: unknown) => thrown as Doc,
      );
      return Object.fromEntries(Object.keys(gives).map((field) => [field, (error as Doc)[field]]));
    },
    gives,
  };
}

interface Batch {
  cursor: { id: mongo.Long; firstBatch?: Doc[]; nextBatch?: Doc[] };
}

async function find(db: mongo.Db, command: Doc): Promise<Batch['cursor']> {
  return ((await db.command(command, { promoteLongs: false })) as unknown as Batch).cursor;
}

export const COMMANDS: readonly Behaviour[] = [
  { name: 'ping', run: async (_, db) => (await db.command({ ping: 1 }))['ok'], gives: 1 },
  {
    name: 'buildInfo has a version',
    run: async (_, db) => /^\d+\.\d+/.test(String((await db.command({ buildInfo: 1 }))['version'])),
    gives: true,
  },
  {
    name: 'hello returns the limits',
    run: async (_, db) => {
      const { maxBsonObjectSize, maxWriteBatchSize, isWritablePrimary } = await db.command({ hello: 1 });
      return { maxBsonObjectSize, maxWriteBatchSize, isWritablePrimary };
    },
    gives: { maxBsonObjectSize: 16_777_216, maxWriteBatchSize: 100_000, isWritablePrimary: true },
  },
  refusedCommand('an unknown command is refused', () => ({ foo: 1 }), { code: 59, codeName: 'CommandNotFound' }),
  refusedCommand('an unknown field of a command is refused', (c) => ({ find: c, foo: 1 }), { code: 40415 }),
  refusedCommand('an unknown field of an insert is refused', (c) => ({ insert: c, documents: [{}], foo: 1 }), {
    code: 40415,
  }),
  refusedCommand('aggregate without a cursor is refused', (c) => ({ aggregate: c, pipeline: [] }), { code: 9 }),
  refusedCommand('a filter that is not a document is refused', (c) => ({ find: c, filter: 5 }), { code: 14 }),
  refusedCommand('a negative skip is refused', (c) => ({ find: c, skip: -1 }), { code: 51024 }),
  refusedCommand(
    'getMore of an unknown cursor is refused',
    (c) => ({ getMore: mongo.Long.fromNumber(12345), collection: c }),
    { code: 43, codeName: 'CursorNotFound' },
  ),
  refusedCommand(
    'findAndModify with an update and a removal is refused',
    (c) => ({ findAndModify: c, query: {}, remove: true, update: { $set: { a: 1 } } }),
    { code: 9 },
  ),
  refusedCommand('an insert without documents is refused', (c) => ({ insert: c, documents: [] }), { code: 16 }),
  refusedCommand(
    'dropIndexes of a missing collection is refused',
    (c) => ({ dropIndexes: `${c}_absent`, index: '*' }),
    { code: 26 },
  ),

  {
    name: 'the first batch has 101 documents',
    docs: many,
    run: async (c, db) => {
      const cursor = await find(db, { find: c.collectionName });
      await db.command({ killCursors: c.collectionName, cursors: [cursor.id] });
      return [cursor.firstBatch?.length, cursor.id.isZero()];
    },
    gives: [101, false],
  },
  {
    name: 'batches return every document in order',
    docs: many,
    run: async (c) => {
      const ids = (await c.find().sort({ _id: 1 }).batchSize(7).toArray()).map(({ _id }) => _id);
      return ids.every((id, i) => Number(id) === i) && ids.length;
    },
    gives: 250,
  },
  {
    name: 'a batch size of 0 opens a cursor without documents',
    docs: three,
    run: async (c, db) => {
      const first = await find(db, { find: c.collectionName, batchSize: 0 });
      const second = await find(db, { getMore: first.id, collection: c.collectionName });
      return [first.firstBatch?.length, first.id.isZero(), second.nextBatch?.length, second.id.isZero()];
    },
    gives: [0, false, 3, true],
  },
  {
    name: 'a single batch opens no cursor',
    docs: many,
    run: async (c, db) => {
      const cursor = await find(db, { find: c.collectionName, batchSize: 5, singleBatch: true });
      return [cursor.firstBatch?.length, cursor.id.isZero()];
    },
    gives: [5, true],
  },
  {
    name: 'a killed cursor cannot be read',
    docs: many,
    run: async (c, db) => {
      const { id } = await find(db, { find: c.collectionName, batchSize: 5 });
      const { cursorsKilled } = await db.command({ killCursors: c.collectionName, cursors: [id] });
      return [
        (cursorsKilled as unknown[]).length,
        await refusal(db.command({ getMore: id, collection: c.collectionName })),
      ];
    },
    gives: [1, { code: 43 }],
  },
  {
    name: 'an aggregation is returned in batches',
    docs: many,
    run: async (c) => (await c.aggregate([{ $match: { _id: { $gte: 0 } } }], { batchSize: 10 }).toArray()).length,
    gives: 250,
  },

  {
    name: 'an ordered insert stops at the first error',
    docs: [{ _id: 2 }],
    run: async (c) => {
      const error = await c.insertMany(three).catch((thrown: unknown) => thrown);
      const { insertedCount, writeErrors } = error as mongo.MongoBulkWriteError;
      return [insertedCount, [writeErrors].flat().map(({ index, code }) => [index, code]), await c.countDocuments()];
    },
    gives: [1, [[1, 11000]], 2],
  },
  {
    name: 'an unordered insert continues after an error',
    docs: [{ _id: 2 }],
    run: async (c) => {
      const error = await c.insertMany(three, { ordered: false }).catch((thrown: unknown) => thrown);
      const { insertedCount, writeErrors } = error as mongo.MongoBulkWriteError;
      return [insertedCount, [writeErrors].flat().map(({ index, code }) => [index, code]), await c.countDocuments()];
    },
    gives: [2, [[1, 11000]], 3],
  },
  {
    name: 'a bulk write inserts, updates, replaces and deletes',
    docs: three,
    run: async (c) => {
      const { insertedCount, modifiedCount, deletedCount, upsertedCount } = await c.bulkWrite([
        { insertOne: { document: { _id: 4 } } },
        { updateOne: { filter: { _id: 1 }, update: { $set: { a: 1 } } } },
        { updateMany: { filter: { _id: { $gt: 1 } }, update: { $set: { b: 1 } } } },
        { replaceOne: { filter: { _id: 9 }, replacement: { c: 1 }, upsert: true } },
        { deleteOne: { filter: { _id: 2 } } },
        { deleteMany: { filter: { _id: 3 } } },
      ]);
      return { insertedCount, modifiedCount, deletedCount, upsertedCount };
    },
    gives: { insertedCount: 1, modifiedCount: 4, deletedCount: 2, upsertedCount: 1 },
  },
  {
    name: 'an unacknowledged write is carried out',
    run: async (c, db) => {
      await c.insertOne({ _id: 1 }, { writeConcern: { w: 0 } });
      await db.command({ ping: 1 });
      // The write may arrive after the ping, on another connection: repeat until it is there.
      for (;;) if ((await c.countDocuments()) === 1) return 1;
    },
    gives: 1,
  },
  {
    name: 'countDocuments accepts a filter, skip and limit',
    docs: many,
    run: (c) => c.countDocuments({ _id: { $gte: 100 } }, { skip: 10, limit: 50 }),
    gives: 50,
  },
  {
    name: 'estimatedDocumentCount counts all documents',
    docs: many,
    run: (c) => c.estimatedDocumentCount(),
    gives: 250,
  },
  {
    name: 'the count command accepts a query',
    docs: many,
    run: async (c, db) => (await db.command({ count: c.collectionName, query: { _id: { $lt: 5 } } }))['n'],
    gives: 5,
  },
  {
    name: 'distinct returns the elements of arrays',
    docs: [{ _id: 1, a: [1, 2] }, { _id: 2, a: 2 }, { _id: 3, a: 3 }, { _id: 4 }],
    run: async (c) => [await c.distinct('a'), await c.distinct('a', { _id: { $lt: 3 } })],
    gives: [
      [1, 2, 3],
      [1, 2],
    ],
  },
  {
    name: 'distinct follows a path through sub-documents',
    docs: [
      { _id: 1, a: [{ b: 1 }, { b: 2 }] },
      { _id: 2, a: { b: 2 } },
    ],
    run: (c) => c.distinct('a.b'),
    gives: [1, 2],
  },
  {
    name: 'a collection is created, listed and dropped',
    run: async (c, db) => {
      const names = async () =>
        (await db.listCollections({ name: c.collectionName }).toArray()).map(({ name, type }) => [
          name === c.collectionName,
          type,
        ]);
      await db.createCollection(c.collectionName);
      const before = await names();
      await c.drop();
      return [before, await names()];
    },
    gives: [[[true, 'collection']], []],
  },
  {
    name: 'creating a collection that exists does nothing',
    docs: three,
    run: async (c, db) => [(await db.command({ create: c.collectionName }))['ok'], await c.countDocuments()],
    gives: [1, 3],
  },
  {
    name: 'a dropped collection is empty and has no indexes when it is used again',
    docs: three,
    run: async (c) => {
      await c.createIndex({ a: 1 });
      await c.drop();
      await c.insertOne({ _id: 1 });
      return [(await c.indexes()).length, await c.countDocuments()];
    },
    gives: [1, 1],
  },
  {
    name: 'databases are separate, and dropping one drops its collections',
    docs: three,
    run: async (c, db) => {
      const other = db.client.db(`${db.databaseName}_other`);
      const there = other.collection<Doc>(c.collectionName);
      await there.insertOne({ _id: 9 } as Doc);
      const names = async () =>
        (await db.admin().listDatabases()).databases.filter(({ name }) => name === other.databaseName).length;
      const counts = [await there.countDocuments(), await c.countDocuments(), await names()];
      await other.dropDatabase();
      return [...counts, await there.countDocuments(), await names()];
    },
    gives: [1, 3, 1, 0, 0],
  },
  {
    name: 'a document over 16 MiB is refused, and one just below is accepted',
    run: async (c) => {
      await c.insertOne({ _id: 1, text: 'x'.repeat(16 * 1024 * 1024 - 100) });
      const tooLarge = await refusal(c.updateOne({ _id: 1 }, { $set: { more: 'x'.repeat(200) } }));
      return [await c.countDocuments(), tooLarge];
    },
    gives: [1, { code: 10334 }],
  },
  {
    name: 'documents that are too large for one batch come in several',
    docs: Array.from({ length: 5 }, (_, i) => ({ _id: i, text: 'x'.repeat(5 * 1024 * 1024) })),
    run: async (c, db) => {
      const cursor = await find(db, { find: c.collectionName });
      await db.command({ killCursors: c.collectionName, cursors: [cursor.id] });
      return [(await c.find().toArray()).length, (cursor.firstBatch?.length ?? 0) < 5];
    },
    gives: [5, true],
  },
  {
    name: 'an _id may be a document or null, but not an array',
    run: async (c) => {
      await c.insertMany([{ _id: { a: 1 } }, { _id: null }] as Doc[]);
      return [await c.countDocuments(), await refusal(c.insertOne({ _id: [1] }))];
    },
    gives: [2, { code: 53 }],
  },
];
