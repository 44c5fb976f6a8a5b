import { mongo } from 'mongoose';
import { refusal, refusedUpdate, updates, upserts } from './mongodb-behaviours.js';
import type { Behaviour, Collection, Doc, Row } from './mongodb-behaviours.js';

const { Long, Double, Int32 } = mongo.BSON;

/** Returns the BSON type and the value of `n` after an update. */
function numberAfter(name: string, before: unknown, update: Doc, after: string): Behaviour {
  return {
    name,
    docs: [{ _id: 1, n: before }],
    run: async (collection) => {
      await collection.updateOne({ _id: 1 }, update);
      const found = await collection.findOne({ _id: 1 }, { promoteValues: false });
      const n = found?.['n'] as { _bsontype: string; toString(): string };
      return `${n._bsontype} ${n.toString()}`;
    },
    gives: after,
  };
}

async function counts(work: Promise<mongo.UpdateResult<Row> | mongo.Document>): Promise<unknown[]> {
  const { matchedCount, modifiedCount, upsertedCount } = await work;
  return [matchedCount, modifiedCount, upsertedCount];
}

async function allOf(collection: Collection): Promise<Doc[]> {
  return collection.find().sort({ _id: 1 }).toArray();
}

const pair = [
  { _id: 1, n: 1 },
  { _id: 2, n: 2 },
];

export const UPDATES: readonly Behaviour[] = [
  updates(
    '$set changes fields in place and appends new fields',
    { a: 1, b: 2 },
    { $set: { c: 3, a: 9 } },
    { a: 9, b: 2, c: 3 },
  ),
  updates('$set appends new fields in the order of their names', {}, { $set: { b: 1, a: 2 } }, { a: 2, b: 1 }),
  updates('$set creates the documents of a path', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }),
  updates('$set at an index changes the element', { a: [1, 2] }, { $set: { 'a.1': 9 } }, { a: [1, 9] }),
  updates(
    '$set beyond the end of an array fills the gap with null',
    { a: [1] },
    { $set: { 'a.3': 9 } },
    { a: [1, null, null, 9] },
  ),
  updates('$unset removes a field', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }),
  updates('$unset of a missing field does nothing', { a: 1 }, { $unset: { 'b.c': '' } }, { a: 1 }),
  updates('$unset of an array element sets it to null', { a: [1, 2] }, { $unset: { 'a.0': '' } }, { a: [null, 2] }),
  updates('$inc adds, and starts a missing field at 0', { n: 1 }, { $inc: { n: 2, m: 5 } }, { n: 3, m: 5 }),
  updates(
    '$min keeps the smaller value, and sets a missing field',
    { n: 5, m: 1 },
    { $min: { n: 3, m: 3, o: 3 } },
    { n: 3, m: 1, o: 3 },
  ),
  updates('$max keeps the greater value', { n: 5, m: 1 }, { $max: { n: 3, m: 3 } }, { n: 5, m: 3 }),
  updates('$max compares values of different types by the type order', { n: 5 }, { $max: { n: 'x' } }, { n: 'x' }),
  updates('$setOnInsert does nothing in an update', { a: 1 }, { $setOnInsert: { b: 2 }, $set: { a: 2 } }, { a: 2 }),
  updates('$push appends a value', { a: [1] }, { $push: { a: 2 } }, { a: [1, 2] }),
  updates('$push creates the array', {}, { $push: { a: 2 } }, { a: [2] }),
  updates('$push appends an array as one element', { a: [] }, { $push: { a: [1, 2] } }, { a: [[1, 2]] }),
  updates('$push with $each appends every value', { a: [1] }, { $push: { a: { $each: [2, 3] } } }, { a: [1, 2, 3] }),
  updates('$addToSet adds a new value', { a: [1] }, { $addToSet: { a: 2 } }, { a: [1, 2] }),
  updates(
    '$addToSet does not add a value that is there',
    { a: [1, { b: 1 }] },
    { $addToSet: { a: { b: 1 } } },
    { a: [1, { b: 1 }] },
  ),
  updates(
    '$addToSet with $each adds only new values',
    { a: [1] },
    { $addToSet: { a: { $each: [1, 2, 2] } } },
    { a: [1, 2] },
  ),
  updates('$pull removes equal values', { a: [1, 2, 1] }, { $pull: { a: 1 } }, { a: [2] }),
  updates('$pull removes values that match an operator', { a: [1, 5, 9] }, { $pull: { a: { $gte: 5 } } }, { a: [1] }),
  updates(
    '$pull removes values that match $in',
    { a: ['x', 'y', 'z'] },
    { $pull: { a: { $in: ['x', 'z'] } } },
    { a: ['y'] },
  ),
  updates(
    '$pull removes documents that match a condition',
    { a: [{ b: 1, c: 1 }, { b: 2 }] },
    { $pull: { a: { b: 1 } } },
    { a: [{ b: 2 }] },
  ),
  updates('$pull from a missing field does nothing', { b: 1 }, { $pull: { a: 1 } }, { b: 1 }),

  numberAfter('an int plus an int gives an int', new Int32(5), { $inc: { n: new Int32(1) } }, 'Int32 6'),
  numberAfter(
    'an int that overflows gives a long',
    new Int32(2147483647),
    { $inc: { n: new Int32(1) } },
    'Long 2147483648',
  ),
  numberAfter('a long plus an int gives a long', Long.fromNumber(5), { $inc: { n: new Int32(1) } }, 'Long 6'),
  numberAfter(
    'a long beyond 2^53 is added exactly',
    Long.fromString('9007199254740993'),
    { $inc: { n: new Int32(1) } },
    'Long 9007199254740994',
  ),
  numberAfter('an int plus a double gives a double', new Int32(5), { $inc: { n: new Double(1) } }, 'Double 6'),
  numberAfter(
    '$set to an equal number of another type changes the type',
    new Int32(5),
    { $set: { n: new Double(5) } },
    'Double 5',
  ),

  {
    name: 'an update without an effect counts as matched, not as modified',
    docs: pair,
    run: (c) => counts(c.updateOne({ _id: 1 }, { $set: { n: 1 } })),
    gives: [1, 0, 0],
  },
  {
    name: 'updateOne changes one document',
    docs: pair,
    run: (c) => counts(c.updateOne({}, { $inc: { n: 1 } } as Doc)),
    gives: [1, 1, 0],
  },
  {
    name: 'updateMany changes all documents',
    docs: pair,
    run: (c) => counts(c.updateMany({}, { $inc: { n: 1 } } as Doc)),
    gives: [2, 2, 0],
  },
  {
    name: 'updateMany counts the documents that it modified',
    docs: pair,
    run: (c) => counts(c.updateMany({}, { $set: { n: 2 } })),
    gives: [2, 1, 0],
  },
  {
    name: 'an update that matches no document counts nothing',
    run: (c) => counts(c.updateOne({ _id: 1 }, { $set: { n: 1 } })),
    gives: [0, 0, 0],
  },
  {
    name: 'a replacement keeps only the _id',
    docs: [{ _id: 1, a: 1, b: 2 }],
    run: async (c) => [await counts(c.replaceOne({ a: 1 }, { c: 3 })), await allOf(c)],
    gives: [[1, 1, 0], [{ _id: 1, c: 3 }]],
  },
  {
    name: 'a replacement cannot change the _id',
    docs: [{ _id: 1 }],
    run: (c) => refusal(c.replaceOne({ _id: 1 }, { _id: 2 })),
    gives: { code: 66 },
  },

  upserts(
    'an upsert sets the fields that its filter compares for equality',
    { _id: 7, a: 1, b: { $eq: 2 }, c: { $gt: 3 } },
    { $set: { d: 4 } },
    { _id: 7, a: 1, b: 2, d: 4 },
  ),
  upserts(
    'an upsert sets the fields of an $and',
    { $and: [{ a: 1 }, { b: 2 }] },
    { $set: { c: 3 } },
    { a: 1, b: 2, c: 3 },
  ),
  upserts('an upsert sets the field of an $in with one value', { a: { $in: [1] } }, { $set: { b: 2 } }, { a: 1, b: 2 }),
  upserts(
    'an upsert does not set the field of an $in with several values',
    { a: { $in: [1, 2] } },
    { $set: { b: 2 } },
    { b: 2 },
  ),
  upserts(
    'an upsert sets the fields of an $or with one branch',
    { $or: [{ a: 1 }] },
    { $set: { b: 2 } },
    { a: 1, b: 2 },
  ),
  upserts(
    'an upsert does not set fields of an $or with several branches',
    { $or: [{ a: 1 }, { a: 2 }] },
    { $set: { b: 2 } },
    { b: 2 },
  ),
  upserts(
    'an upsert with a dotted path creates documents',
    { 'a.b': 1 },
    { $set: { 'a.c': 2 } },
    { a: { b: 1, c: 2 } },
  ),
  upserts(
    '$setOnInsert applies in an upsert',
    { a: 1 },
    { $setOnInsert: { b: 2 }, $inc: { n: 1 } },
    { a: 1, b: 2, n: 1 },
  ),
  upserts('$setOnInsert may set the _id', { a: 1 }, { $setOnInsert: { _id: 5 } }, { _id: 5, a: 1 }),
  upserts('$inc in an upsert starts from the value in the filter', { n: 1 }, { $inc: { n: 1 } }, { n: 2 }),
  {
    name: 'an upsert returns the id that it inserted',
    run: async (c) => {
      const { matchedCount, modifiedCount, upsertedCount, upsertedId } = await c.updateOne(
        { _id: 3 },
        { $set: { a: 1 } },
        { upsert: true },
      );
      return { matchedCount, modifiedCount, upsertedCount, upsertedId };
    },
    gives: { matchedCount: 0, modifiedCount: 0, upsertedCount: 1, upsertedId: 3 },
  },
  {
    name: 'an upsert that matches a document updates it',
    docs: [{ _id: 1, a: 1 }],
    run: async (c) => [
      await counts(c.updateOne({ a: 1 }, { $set: { b: 2 }, $setOnInsert: { c: 3 } }, { upsert: true })),
      await allOf(c),
    ],
    gives: [[1, 1, 0], [{ _id: 1, a: 1, b: 2 }]],
  },
  {
    name: 'an upsert with a replacement sets only the _id of its filter',
    run: async (c) => {
      await c.replaceOne({ _id: 4, a: 1 }, { b: 2 }, { upsert: true });
      return allOf(c);
    },
    gives: [{ _id: 4, b: 2 }],
  },
  {
    name: 'concurrent upserts with one _id insert one document',
    run: async (c) => {
      await Promise.allSettled(
        Array.from({ length: 20 }, () => c.updateOne({ _id: 1 }, { $inc: { n: 1 } } as Doc, { upsert: true })),
      );
      return (await allOf(c)).length;
    },
    gives: 1,
  },
  {
    name: 'one of several concurrent compare-and-set updates succeeds',
    docs: [{ _id: 1, revision: 0 }],
    run: async (c) => {
      const tries = Array.from({ length: 20 }, () =>
        c.updateOne({ _id: 1, revision: 0 }, { $inc: { revision: 1 } } as Doc),
      );
      return (await Promise.all(tries)).reduce((sum, { modifiedCount }) => sum + modifiedCount, 0);
    },
    gives: 1,
  },

  refusedUpdate('an unknown update operator is refused', {}, { $foo: { a: 1 } }, { code: 9 }),
  refusedUpdate('a change of the _id is refused', {}, { $set: { _id: 2 } }, { code: 66 }),
  refusedUpdate('two changes of one path are refused', {}, { $set: { a: 1 }, $inc: { a: 1 } }, { code: 40 }),
  refusedUpdate('changes of a path and a sub-path of it are refused', {}, { $set: { a: 1, 'a.b': 1 } }, { code: 40 }),
  refusedUpdate('$inc with text is refused', { n: 1 }, { $inc: { n: 'x' } }, { code: 14 }),
  refusedUpdate('$inc of a text field is refused', { n: 'x' }, { $inc: { n: 1 } }, { code: 14 }),
  refusedUpdate('$inc that overflows a long is refused', { n: Long.MAX_VALUE }, { $inc: { n: 1 } }, { code: 2 }),
  refusedUpdate('$push to a field that is not an array is refused', { a: 1 }, { $push: { a: 1 } }, { code: 2 }),
  refusedUpdate('$addToSet to a field that is not an array is refused', { a: 1 }, { $addToSet: { a: 1 } }, { code: 2 }),
  refusedUpdate('$pull from a field that is not an array is refused', { a: 1 }, { $pull: { a: 1 } }, { code: 2 }),
  refusedUpdate('$set of a path through a plain value is refused', { a: 1 }, { $set: { 'a.b': 1 } }, { code: 28 }),
  refusedUpdate('$set of a path through null is refused', { a: null }, { $set: { 'a.b': 1 } }, { code: 28 }),
  refusedUpdate('$set of a named field of an array is refused', { a: [1] }, { $set: { 'a.b': 1 } }, { code: 28 }),
  refusedUpdate('an empty path is refused', {}, { $set: { '': 1 } }, { code: 56 }),
  refusedUpdate('a path with an empty part is refused', {}, { $set: { 'a..b': 1 } }, { code: 56 }),
  refusedUpdate('$each without an array is refused', { a: [] }, { $push: { a: { $each: 1 } } }, { code: 2 }),

  {
    name: 'findOneAndUpdate returns the document before the update',
    docs: [{ _id: 1, n: 1 }],
    run: (c) => c.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } } as Doc),
    gives: { _id: 1, n: 1 },
  },
  {
    name: 'findOneAndUpdate returns the document after the update, with a projection',
    docs: [{ _id: 1, n: 1, m: 1 }],
    run: (c) =>
      c.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } } as Doc, {
        returnDocument: 'after',
        projection: { n: 1, _id: 0 },
      }),
    gives: { n: 2 },
  },
  {
    name: 'findOneAndUpdate updates the first document of the sort',
    docs: pair,
    run: (c) => c.findOneAndUpdate({}, { $set: { x: 1 } }, { sort: { n: -1 }, returnDocument: 'after' }),
    gives: { _id: 2, n: 2, x: 1 },
  },
  {
    name: 'findOneAndUpdate that matches nothing returns null',
    run: (c) => c.findOneAndUpdate({ _id: 1 }, { $set: { x: 1 } }),
    gives: null,
  },
  {
    name: 'findOneAndUpdate with upsert returns null before',
    run: (c) => c.findOneAndUpdate({ _id: 1 }, { $set: { x: 1 } }, { upsert: true }),
    gives: null,
  },
  {
    name: 'findOneAndUpdate with upsert returns the inserted document and its id after',
    run: async (c) => {
      const options = { upsert: true, returnDocument: 'after', includeResultMetadata: true } as const;
      const { value, lastErrorObject } = await c.findOneAndUpdate({ _id: 1, a: 2 }, { $set: { x: 1 } }, options);
      return { value, lastErrorObject };
    },
    gives: { value: { _id: 1, a: 2, x: 1 }, lastErrorObject: { n: 1, updatedExisting: false, upserted: 1 } },
  },
  {
    name: 'findOneAndReplace returns the new document',
    docs: [{ _id: 1, n: 1 }],
    run: (c) => c.findOneAndReplace({ n: 1 }, { m: 2 }, { returnDocument: 'after' }),
    gives: { _id: 1, m: 2 },
  },
  {
    name: 'findOneAndDelete returns the deleted document',
    docs: pair,
    run: async (c) => [await c.findOneAndDelete({}, { sort: { n: -1 } }), await allOf(c)],
    gives: [{ _id: 2, n: 2 }, [{ _id: 1, n: 1 }]],
  },
  {
    name: 'deleteOne deletes one document',
    docs: pair,
    run: async (c) => [(await c.deleteOne({})).deletedCount, (await allOf(c)).length],
    gives: [1, 1],
  },
  {
    name: 'deleteMany deletes all matching documents',
    docs: pair,
    run: async (c) => (await c.deleteMany({ n: { $gt: 0 } })).deletedCount,
    gives: 2,
  },
  {
    name: 'a delete that matches nothing counts nothing',
    run: async (c) => (await c.deleteMany({ n: 1 })).deletedCount,
    gives: 0,
  },
];
