import mongoose from 'mongoose';
import type { mongo } from 'mongoose';
import { expect, test } from 'vitest';
import { refusal } from '../contract/mongodb-behaviours.js';
import { connected, newDb, newPlace, started } from './embedded-support.js';
import type { Row } from './embedded-support.js';

/** Features of MongoDB that the embedded database does not have. Each is refused with an error; none is ignored. */
const UNSUPPORTED: readonly {
  name: string;
  run: (c: mongo.Collection<Row>, db: mongo.Db) => Promise<unknown>;
  code: number;
}[] = [
  { name: 'a query with a collation', run: (c) => c.find({}, { collation: { locale: 'en' } }).toArray(), code: 115 },
  {
    name: 'an update with a collation',
    run: (c) => c.updateOne({}, { $set: { a: 1 } }, { collation: { locale: 'en' } }),
    code: 115,
  },
  {
    name: 'an index with a collation',
    run: (c) => c.createIndex({ a: 1 }, { collation: { locale: 'en' } }),
    code: 115,
  },
  { name: 'a TTL index', run: (c) => c.createIndex({ a: 1 }, { expireAfterSeconds: 1 }), code: 115 },
  { name: 'a text index', run: (c) => c.createIndex({ a: 'text' }), code: 67 },
  { name: 'a 2dsphere index', run: (c) => c.createIndex({ a: '2dsphere' }), code: 67 },
  { name: 'a hashed index', run: (c) => c.createIndex({ a: 'hashed' }), code: 67 },
  { name: 'a wildcard index', run: (c) => c.createIndex({ '$**': 1 }), code: 67 },
  {
    name: '$exists: false in a partial index',
    run: (c) => c.createIndex({ a: 1 }, { partialFilterExpression: { b: { $exists: false } } }),
    code: 67,
  },
  { name: 'a validator', run: (_, db) => db.createCollection('other', { validator: { a: 1 } }), code: 115 },
  {
    name: 'a capped collection',
    run: (_, db) => db.createCollection('other', { capped: true, size: 1000 }),
    code: 115,
  },
  {
    name: 'a view',
    run: (c, db) => db.createCollection('other', { viewOn: c.collectionName, pipeline: [] }),
    code: 115,
  },
  { name: '$where', run: (c) => c.find({ $where: 'true' }).toArray(), code: 115 },
  { name: '$text', run: (c) => c.find({ $text: { $search: 'x' } }).toArray(), code: 115 },
  { name: '$near', run: (c) => c.find({ a: { $near: [0, 0] } }).toArray(), code: 115 },
  { name: '$bitsAllSet', run: (c) => c.find({ a: { $bitsAllSet: 1 } }).toArray(), code: 115 },
  { name: '$regex', run: (c) => c.find({ a: { $regex: 'b' } }).toArray(), code: 115 },
  { name: 'a regular expression', run: (c) => c.find({ a: /b/ }).toArray(), code: 2 },
  { name: 'a regular expression in $in', run: (c) => c.find({ a: { $in: [/b/] } }).toArray(), code: 2 },
  { name: 'a regular expression in $not', run: (c) => c.find({ a: { $not: /b/ } }).toArray(), code: 2 },
  { name: '$expr', run: (c) => c.find({ $expr: { $gt: ['$a', '$b'] } }).toArray(), code: 115 },
  { name: '$type', run: (c) => c.find({ a: { $type: 'string' } }).toArray(), code: 115 },
  { name: '$mod', run: (c) => c.find({ a: { $mod: [5, 0] } }).toArray(), code: 115 },
  { name: '$comment', run: (c) => c.find({ $comment: 'why' }).toArray(), code: 115 },
  { name: 'the sort $natural', run: (c) => c.find().sort({ $natural: -1 }).toArray(), code: 115 },
  { name: 'the hint { $natural: -1 }', run: (c) => c.find().hint({ $natural: -1 }).toArray(), code: 2 },
  { name: 'an update pipeline', run: (c) => c.updateOne({}, [{ $set: { a: 1 } }]), code: 115 },
  {
    name: 'array filters',
    run: (c) => c.updateOne({}, { $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: 1 }] }),
    code: 115,
  },
  { name: 'the positional $', run: (c) => c.updateOne({ a: 1 }, { $set: { 'a.$': 1 } }), code: 115 },
  { name: 'the positional $[]', run: (c) => c.updateOne({}, { $set: { 'a.$[]': 1 } }), code: 115 },
  ...['$currentDate', '$mul', '$pop', '$pullAll', '$rename'].map((operator) => ({
    name: operator,
    run: (c: mongo.Collection<Row>) => c.updateOne({}, { [operator]: { a: 1 } }),
    code: 115,
  })),
  ...['$position', '$slice', '$sort'].map((modifier) => ({
    name: `$push with ${modifier}`,
    run: (c: mongo.Collection<Row>) => c.updateOne({}, { $push: { a: { $each: [2], [modifier]: 1 } } } as Row),
    code: 115,
  })),
  { name: '$bit', run: (c) => c.updateOne({}, { $bit: { a: { and: 1 } } } as Row), code: 115 },
  { name: 'a computed projection', run: (c) => c.findOne({}, { projection: { b: '$a' } }), code: 115 },
  { name: 'a projection with $slice', run: (c) => c.findOne({}, { projection: { a: { $slice: 1 } } }), code: 115 },
  {
    name: 'a projection with $elemMatch',
    run: (c) => c.findOne({}, { projection: { a: { $elemMatch: { b: 1 } } } }),
    code: 115,
  },
  { name: 'a positional projection', run: (c) => c.findOne({ a: 1 }, { projection: { 'a.$': 1 } }), code: 115 },
  { name: '$out', run: (c) => c.aggregate([{ $out: 'other' }]).toArray(), code: 115 },
  ...['$addFields', '$count', '$facet', '$lookup', '$replaceRoot', '$set', '$unset', '$unwind'].map((stage) => ({
    name: stage,
    run: (c: mongo.Collection<Row>) => c.aggregate([{ [stage]: {} }]).toArray(),
    code: 115,
  })),
  {
    name: 'a $group by two fields',
    run: (c) => c.aggregate([{ $group: { _id: { a: '$a', b: '$b' }, n: { $sum: 1 } } }]).toArray(),
    code: 115,
  },
  {
    name: 'a $group by a nested field',
    run: (c) => c.aggregate([{ $group: { _id: '$a.b', n: { $sum: 1 } } }]).toArray(),
    code: 115,
  },
  {
    name: 'a $group that sums a field',
    run: (c) => c.aggregate([{ $group: { _id: 1, n: { $sum: '$a' } } }]).toArray(),
    code: 115,
  },
  {
    name: 'a $group with $push',
    run: (c) => c.aggregate([{ $group: { _id: 1, n: { $push: 1 } } }]).toArray(),
    code: 115,
  },
  { name: 'a $match after a $limit', run: (c) => c.aggregate([{ $limit: 1 }, { $match: {} }]).toArray(), code: 115 },
  { name: 'a second $match', run: (c) => c.aggregate([{ $match: {} }, { $match: {} }]).toArray(), code: 115 },
  {
    name: '$function',
    run: (c) => c.aggregate([{ $project: { a: { $function: { body: 'f', args: [], lang: 'js' } } } }]).toArray(),
    code: 115,
  },
  { name: 'a change stream', run: (c) => c.aggregate([{ $changeStream: {} }]).toArray(), code: 115 },
  { name: 'a tailable cursor', run: (c) => c.find({}, { tailable: true }).toArray(), code: 115 },
  { name: 'explaining an aggregation', run: (c) => c.aggregate([{ $match: {} }]).explain(), code: 115 },
  { name: 'variables (let) in find', run: (c) => c.find({}, { let: { a: 1 } }).toArray(), code: 115 },
  {
    name: 'a document with an array under two fields of an index',
    run: async (c) => {
      await c.createIndex({ 'b.c': 1, 'b.d': 1 });
      await c.insertOne({ b: [{ c: 1, d: 1 }] });
    },
    code: 171,
  },
  {
    name: 'a sort by two fields of one array',
    run: async (c) => {
      await c.updateOne({}, { $set: { b: [{ c: 1, d: 1 }] } });
      await c
        .find()
        .sort({ 'b.c': 1, 'b.d': 1 })
        .toArray()
        .finally(() => c.updateOne({}, { $unset: { b: 1 } }));
    },
    code: 171,
  },
  {
    name: 'a deletion without a filter',
    run: (c, db) => db.command({ delete: c.collectionName, deletes: [{ limit: 0 }] }).then(thrown),
    code: 14,
  },
  { name: 'an index on a numbered path', run: (c) => c.createIndex({ 'a.0': 1 }), code: 67 },
  ...['Timestamp', 'MinKey', 'MaxKey', 'BSONRegExp', 'Decimal128'].map((type) => ({
    name: `a filter with a ${type}`,
    run: (c: mongo.Collection<Row>) => c.find({ a: { b: ofType(type) } }).toArray(),
    code: 2,
  })),
  ...['Timestamp', 'MinKey', 'MaxKey', 'BSONRegExp'].map((type) => ({
    name: `storing a ${type}`,
    run: (c: mongo.Collection<Row>) => c.insertOne({ a: [ofType(type)] }),
    code: 2,
  })),
  { name: 'storing a decimal', run: (c) => c.insertOne({ a: new mongoose.mongo.Decimal128('1.5') }), code: 2 },
  { name: 'storing code', run: (c) => c.insertOne({ a: new mongoose.mongo.Code('f') }), code: 2 },
  {
    name: 'storing the field name __proto__',
    run: (c) => c.insertOne(JSON.parse('{"__proto__": {"a": 1}}') as Row),
    code: 2,
  },
  { name: 'storing a field name that begins with $', run: (c) => c.insertOne({ $a: 1 }), code: 52 },
  { name: 'a write concern of 2', run: (c) => c.insertOne({}, { writeConcern: { w: 2 } }), code: 2 },
  {
    name: 'a read concern of snapshot',
    run: (c) => c.find({}, { readConcern: { level: 'snapshot' } }).toArray(),
    code: 123,
  },
  { name: 'an invalid collection name', run: (_, db) => db.command({ insert: 'a$b', documents: [{}] }), code: 73 },
  { name: 'serverStatus', run: (_, db) => db.command({ serverStatus: 1 }), code: 59 },
];

/** Throws the first write error of a command's reply. */
function thrown({ writeErrors: [error] }: mongo.Document): never {
  throw error as Error;
}

function ofType(name: string): unknown {
  const { Timestamp, MinKey, MaxKey, BSONRegExp, Decimal128 } = mongoose.mongo.BSON;
  const types: Record<string, unknown> = {
    Timestamp: new Timestamp({ t: 1, i: 1 }),
    MinKey: new MinKey(),
    MaxKey: new MaxKey(),
    BSONRegExp: new BSONRegExp('a'),
    Decimal128: new Decimal128('1.5'),
  };
  return types[name];
}

test.each(UNSUPPORTED)('$name is refused', async ({ run, code }) => {
  const db = await newDb();
  const things = db.collection<Row>('things');
  await things.insertOne({ _id: 1, a: [1] });
  expect(await refusal(run(things, db))).toEqual({ code });
  expect(await things.find().toArray()).toEqual([{ _id: 1, a: [1] }]);
});

test('a transaction is refused, and its writes are not applied', async () => {
  const db = await newDb();
  await db.client.withSession(async (session) => {
    const work = session.withTransaction(() => db.collection<Row>('things').insertOne({ a: 1 }, { session }));
    await expect(work).rejects.toMatchObject({ originalError: { code: 20, codeName: 'IllegalOperation' } });
  });
  expect(await db.collection('things').countDocuments()).toBe(0);
});

test('mongoose models work as with MongoDB', async () => {
  const database = await started(await newPlace());
  await connected(database);
  const connection = await mongoose.createConnection(database.uri('school')).asPromise();
  const schema = new mongoose.Schema({
    title: { type: String, unique: true },
    size: Number,
    at: { type: Date, index: true },
  });
  const Course = connection.model('Course', schema);
  await Course.init();
  const course = await Course.create({ title: 'one', size: 5, at: new Date(0) });
  await expect(Course.create({ title: 'one' })).rejects.toMatchObject({ code: 11000, keyValue: { title: 'one' } });
  course.size = 6;
  await course.save();
  const options = { upsert: true, returnDocument: 'after' } as const;
  const two = await Course.findOneAndUpdate({ title: 'two' }, { $inc: { size: 1 } }, options);
  expect(two.size).toBe(1);
  expect((await Course.find().sort('title').lean()).map(({ title, size }) => [title, size])).toEqual([
    ['one', 6],
    ['two', 1],
  ]);
  expect(await Course.exists({ title: 'three' })).toBeNull();
  expect(connection.name).toBe('school');
  await connection.close();
});
