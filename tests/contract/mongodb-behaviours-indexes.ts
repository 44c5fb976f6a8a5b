import { explained, idsOf, refusal } from './mongodb-behaviours.js';
import type { Behaviour, Collection, Doc } from './mongodb-behaviours.js';

const people = [
  { _id: 1, name: 'ann', tags: ['x', 'y'], at: 1 },
  { _id: 2, name: 'bob', tags: ['y'], at: 2 },
  { _id: 3, name: 'cid', tags: [], at: 3 },
  { _id: 4, at: 4 },
];

/** A query that must return the same _ids with an index as without. */
function sameWith(
  name: string,
  key: Record<string, 1 | -1>,
  filter: Doc,
  ids: readonly unknown[],
  docs: readonly Doc[] = people,
): Behaviour {
  return {
    name,
    docs,
    run: async (collection) => {
      await collection.createIndex(key);
      return idsOf(collection, filter);
    },
    gives: ids,
  };
}

async function uniqueName(collection: Collection): Promise<void> {
  await collection.createIndex({ name: 1 }, { unique: true });
}

const duplicateAnn = { code: 11000, keyPattern: { name: 1 }, keyValue: { name: 'ann' } };

export const INDEXES: readonly Behaviour[] = [
  {
    name: 'an insert with an existing _id is a duplicate key',
    docs: people,
    run: (c) => refusal(c.insertOne({ _id: 1 })),
    gives: { code: 11000, keyPattern: { _id: 1 }, keyValue: { _id: 1 } },
  },
  {
    name: 'a duplicate key error names the collection, index and value',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      const message = await c.insertOne({ name: 'ann' }).catch((error: unknown) => (error as Error).message);
      return (message as string).replace(c.namespace, 'db.coll');
    },
    gives: 'E11000 duplicate key error collection: db.coll index: name_1 dup key: { name: "ann" }',
  },
  {
    name: 'a unique index refuses an insert of a duplicate',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      return refusal(c.insertOne({ name: 'ann' }));
    },
    gives: duplicateAnn,
  },
  {
    name: 'a unique index refuses an update to a duplicate',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      return [
        await refusal(c.updateOne({ _id: 2 }, { $set: { name: 'ann' } })),
        (await c.findOne({ _id: 2 }))?.['name'],
      ];
    },
    gives: [duplicateAnn, 'bob'],
  },
  {
    name: 'a unique index refuses a duplicate in findOneAndUpdate',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      return refusal(c.findOneAndUpdate({ _id: 2 }, { $set: { name: 'ann' } }));
    },
    gives: duplicateAnn,
  },
  {
    name: 'a unique index allows one document without the field',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      return refusal(c.insertOne({ _id: 9 }));
    },
    gives: { code: 11000, keyPattern: { name: 1 }, keyValue: { name: null } },
  },
  {
    name: 'a deleted or changed document releases its unique key',
    docs: people,
    run: async (c) => {
      await uniqueName(c);
      await c.deleteOne({ _id: 1 });
      await c.updateOne({ _id: 2 }, { $set: { name: 'ann' } });
      await c.insertOne({ _id: 5, name: 'bob' });
      return c.countDocuments();
    },
    gives: 4,
  },
  {
    name: 'an int and an equal double are the same unique key',
    run: async (c, db) => {
      await c.createIndex({ n: 1 }, { unique: true });
      await c.insertOne({ n: 5 });
      const { Double } = await import('mongodb');
      return [db.databaseName !== '', await refusal(c.insertOne({ n: new Double(5) }))];
    },
    gives: [true, { code: 11000, keyPattern: { n: 1 }, keyValue: { n: 5 } }],
  },
  {
    name: 'a unique index over an array refuses a shared element',
    docs: [{ _id: 1, tags: ['x', 'y'] }],
    run: async (c) => {
      await c.createIndex({ tags: 1 }, { unique: true });
      return refusal(c.insertOne({ tags: ['z', 'y'] }));
    },
    gives: { code: 11000, keyPattern: { tags: 1 }, keyValue: { tags: 'y' } },
  },
  {
    name: 'a document may contain the same unique key twice',
    run: async (c) => {
      await c.createIndex({ tags: 1 }, { unique: true });
      await c.insertOne({ tags: ['x', 'x'] });
      return c.countDocuments();
    },
    gives: 1,
  },
  {
    name: 'a unique compound index compares all its fields',
    run: async (c) => {
      await c.createIndex({ a: 1, b: -1 }, { unique: true });
      await c.insertMany([
        { a: 1, b: 1 },
        { a: 1, b: 2 },
      ]);
      return refusal(c.insertOne({ a: 1, b: 2 }));
    },
    gives: { code: 11000, keyPattern: { a: 1, b: -1 }, keyValue: { a: 1, b: 2 } },
  },
  {
    name: 'a unique index cannot be created when there are duplicates',
    docs: [
      { _id: 1, name: 'ann' },
      { _id: 2, name: 'ann' },
    ],
    run: async (c) => {
      const error = (await refusal(uniqueName(c))) as { code: number };
      return [error.code, (await c.indexes()).length];
    },
    gives: [11000, 1],
  },
  {
    name: 'a sparse unique index ignores documents without the field, but not null',
    run: async (c) => {
      await c.createIndex({ name: 1 }, { unique: true, sparse: true });
      await c.insertMany([{}, {}, { name: null }]);
      return refusal(c.insertOne({ name: null }));
    },
    gives: { code: 11000, keyPattern: { name: 1 }, keyValue: { name: null } },
  },
  {
    name: 'a partial unique index covers only documents that match its filter',
    run: async (c) => {
      await c.createIndex({ name: 1 }, { unique: true, partialFilterExpression: { live: true } });
      await c.insertMany([
        { name: 'ann', live: false },
        { name: 'ann', live: false },
        { name: 'ann', live: true },
      ]);
      return refusal(c.insertOne({ name: 'ann', live: true }));
    },
    gives: duplicateAnn,
  },
  {
    name: 'an update can move a document into a partial index',
    run: async (c) => {
      await c.createIndex({ name: 1 }, { unique: true, partialFilterExpression: { live: { $eq: true } } });
      await c.insertMany([
        { _id: 1, name: 'ann', live: true },
        { _id: 2, name: 'ann' },
      ] as Doc[]);
      return refusal(c.updateOne({ _id: 2 }, { $set: { live: true } }));
    },
    gives: duplicateAnn,
  },
  {
    name: 'a query that a partial index does not cover returns every document',
    docs: people,
    run: async (c) => {
      await c.createIndex({ at: 1 }, { partialFilterExpression: { name: { $exists: true } } });
      return [await idsOf(c, { at: { $gte: 3 } }), await idsOf(c, { at: { $gte: 3 }, name: 'cid' })];
    },
    gives: [[3, 4], [3]],
  },
  {
    name: 'a sort on a field with a sparse index returns every document',
    docs: people,
    run: async (c) => {
      await c.createIndex({ name: 1 }, { sparse: true });
      return (await c.find().sort({ name: -1 }).toArray()).map(({ _id }) => _id);
    },
    gives: [3, 2, 1, 4],
  },
  {
    name: 'an index on two arrays of one document is refused',
    run: async (c) => {
      await c.createIndex({ a: 1, b: 1 });
      return refusal(c.insertOne({ a: [1], b: [2] }));
    },
    gives: { code: 171 },
  },
  sameWith('an index serves equality', { name: 1 }, { name: 'bob' }, [2]),
  sameWith('an index serves null, for null and missing fields', { name: 1 }, { name: null }, [4]),
  sameWith('an index serves a range', { at: 1 }, { at: { $gt: 1, $lte: 3 } }, [2, 3]),
  sameWith('a descending index serves a range', { at: -1 }, { at: { $gt: 1, $lte: 3 } }, [2, 3]),
  sameWith('an index serves $in', { name: 1 }, { name: { $in: ['ann', 'cid', null] } }, [1, 3, 4]),
  sameWith('an index serves a match with an array element', { tags: 1 }, { tags: 'y' }, [1, 2]),
  sameWith('an index serves a match with an empty array', { tags: 1 }, { tags: [] }, [3]),
  sameWith('an index serves a match with a whole array', { tags: 1 }, { tags: ['x', 'y'] }, [1]),
  sameWith('an index serves $all', { tags: 1 }, { tags: { $all: ['x', 'y'] } }, [1]),
  sameWith(
    'an index serves a prefix with $elemMatch',
    { tags: 1 },
    { tags: { $elemMatch: { $gte: 'x', $lt: 'y' } } },
    [1],
  ),
  sameWith('$ne returns the same with an index', { name: 1 }, { name: { $ne: 'bob' } }, [1, 3, 4]),
  sameWith('$exists returns the same with an index', { name: 1 }, { name: { $exists: false } }, [4]),
  sameWith(
    'two conditions on an array may match different elements, with an index',
    { v: 1 },
    { v: { $gt: 4, $lt: 6 } },
    [1, 2],
    [
      { _id: 1, v: [1, 10] },
      { _id: 2, v: 5 },
      { _id: 3, v: [1, 2] },
    ],
  ),
  sameWith(
    'a comparison with an index considers values of the same type only',
    { v: 1 },
    { v: { $lt: 'b' } },
    [2],
    [{ _id: 1, v: 1 }, { _id: 2, v: 'a' }, { _id: 3 }],
  ),
  sameWith('an index serves each branch of an $or', { name: 1 }, { $or: [{ name: 'ann' }, { name: 'bob' }] }, [1, 2]),
  {
    name: 'a compound index serves a sort in both directions',
    docs: people,
    run: async (c) => {
      await c.createIndex({ tags: 1, at: -1 });
      const find = (at: 1 | -1) => c.find({ tags: 'y' }).sort({ at }).toArray();
      return [await find(1), await find(-1)].map((found) => found.map(({ _id }) => _id));
    },
    gives: [
      [1, 2],
      [2, 1],
    ],
  },
  {
    name: 'the page after a cursor begins where the last page ended',
    docs: Array.from({ length: 9 }, (_, i) => ({ _id: i, listKeys: ['x'], at: Math.floor(i / 3) })),
    run: async (c) => {
      await c.createIndex({ listKeys: 1, at: 1, _id: 1 });
      const filter = { listKeys: 'x', $or: [{ at: { $lt: 1 } }, { at: 1, _id: { $lt: 4 } }] };
      return (
        await c
          .find(filter as Doc)
          .sort({ at: -1, _id: -1 })
          .limit(3)
          .toArray()
      ).map(({ _id }) => _id);
    },
    gives: [3, 2, 1],
  },
  {
    name: 'explain names the index that is used',
    docs: people,
    run: async (c) => {
      await c.createIndex({ name: 1 });
      const { stages, nReturned, totalDocsExamined } = await explained(c.find({ name: 'bob' }));
      return { index: (stages as string[]).find((stage) => stage.startsWith('IXSCAN')), nReturned, totalDocsExamined };
    },
    gives: { index: 'IXSCAN name_1', nReturned: 1, totalDocsExamined: 1 },
  },
  {
    name: 'explain reports a collection scan',
    docs: people,
    run: async (c) => {
      const { stages, nReturned, totalDocsExamined } = await explained(c.find({ name: 'bob' }));
      return { last: (stages as string[]).at(-1), nReturned, totalDocsExamined };
    },
    gives: { last: 'COLLSCAN', nReturned: 1, totalDocsExamined: 4 },
  },
  {
    name: 'listIndexes returns the options of each index',
    docs: people,
    run: async (c) => {
      await c.createIndex({ name: 1, at: -1 }, { unique: true, name: 'mine' });
      await c.createIndex({ at: 1 }, { partialFilterExpression: { at: { $gt: 1 } } });
      return (await c.indexes()).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
    },
    gives: [
      { v: 2, key: { _id: 1 }, name: '_id_' },
      { v: 2, key: { at: 1 }, name: 'at_1', partialFilterExpression: { at: { $gt: 1 } } },
      { v: 2, key: { name: 1, at: -1 }, name: 'mine', unique: true },
    ],
  },
  {
    name: 'creating the same index again does nothing',
    run: async (c) => [await c.createIndex({ a: 1 }), await c.createIndex({ a: 1 }), (await c.indexes()).length],
    gives: ['a_1', 'a_1', 2],
  },
  {
    name: 'an index with the same key and another name is refused',
    run: async (c) => {
      await c.createIndex({ a: 1 });
      return refusal(c.createIndex({ a: 1 }, { name: 'other' }));
    },
    gives: { code: 85 },
  },
  {
    name: 'an index with the same name and another option is refused',
    run: async (c) => {
      await c.createIndex({ a: 1 });
      return refusal(c.createIndex({ a: 1 }, { unique: true }));
    },
    gives: { code: 86 },
  },
  {
    name: 'an index with the same name and another key is refused',
    run: async (c) => {
      await c.createIndex({ a: 1 }, { name: 'mine' });
      return refusal(c.createIndex({ b: 1 }, { name: 'mine' }));
    },
    gives: { code: 86 },
  },
  {
    name: 'an index is dropped by its name',
    run: async (c) => {
      await c.createIndex({ a: 1 });
      await c.dropIndex('a_1');
      return (await c.indexes()).length;
    },
    gives: 1,
  },
  {
    name: 'dropping a missing index is refused',
    run: async (c) => {
      await c.createIndex({ a: 1 });
      return refusal(c.dropIndex('b_1'));
    },
    gives: { code: 27 },
  },
  {
    name: 'dropping the _id index is refused',
    docs: people,
    run: (c) => refusal(c.dropIndex('_id_')),
    gives: { code: 72 },
  },
  {
    name: 'listing the indexes of a missing collection is refused',
    run: (c) => refusal(c.indexes()),
    gives: { code: 26 },
  },
  {
    name: 'dropIndexes drops all indexes except that of _id',
    run: async (c) => {
      await c.createIndexes([{ key: { a: 1 } }, { key: { b: 1 } }]);
      await c.dropIndexes();
      return (await c.indexes()).map(({ name }) => name);
    },
    gives: ['_id_'],
  },
  {
    name: 'a hint may name an index',
    docs: people,
    run: async (c) => {
      await c.createIndex({ at: 1 });
      return (await c.find({ name: 'bob' }).hint('at_1').toArray()).map(({ _id }) => _id);
    },
    gives: [2],
  },
  {
    name: 'a hint that names no index is refused',
    docs: people,
    run: (c) => refusal(c.find().hint('nothing').toArray()),
    gives: { code: 2 },
  },
  {
    name: 'an index key without a direction is refused',
    run: (c) => refusal(c.createIndex({ a: 0 as 1 })),
    gives: { code: 67 },
  },
];
