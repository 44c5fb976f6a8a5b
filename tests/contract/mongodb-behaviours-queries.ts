import { mongo } from 'mongoose';
import { NUMBERED_PATHS } from './mongodb-behaviours-numbered-paths.js';
import { finds, idsOf, refusal, refusedFilter, sorts } from './mongodb-behaviours.js';
import type { Behaviour, Doc } from './mongodb-behaviours.js';

const { ObjectId, Long, Double, Int32, Binary } = mongo.BSON;

const low = new ObjectId('000000000000000000000001');
const high = new ObjectId('000000000000000000000002');
const day = (n: number): Date => new Date(Date.UTC(2024, 0, n));

/** Documents with `_id` 1, 2, 3 … and these values of `v`; `undefined` leaves the field out. */
function each(...values: unknown[]): Doc[] {
  return values.map((v, i) => ({ _id: i + 1, ...(v === undefined ? {} : { v }) }));
}

const numbers = each(1, 5, 10, '5', null, undefined);
const arrays = each([1, 2, 3], [2, 1], 2, [], [[1, 2]]);
const nested = [
  { _id: 1, a: { b: 1 } },
  { _id: 2, a: [{ b: 1 }, { b: 5 }] },
  {
    _id: 3,
    a: [
      { b: 3, c: 1 },
      { b: 9, c: 2 },
    ],
  },
  { _id: 4, a: {} },
  { _id: 5 },
  { _id: 6, a: [] },
  { _id: 7, a: 4 },
];

export const QUERIES: readonly Behaviour[] = [
  finds('an empty filter finds everything', numbers, {}, [1, 2, 3, 4, 5, 6]),
  finds('a value matches by equality', numbers, { v: 5 }, [2]),
  finds('$eq matches by equality', numbers, { v: { $eq: '5' } }, [4]),
  finds('null matches null and missing fields', numbers, { v: null }, [5, 6]),
  finds('$ne matches missing fields', numbers, { v: { $ne: 5 } }, [1, 3, 4, 5, 6]),
  finds('$ne: null does not match missing fields', numbers, { v: { $ne: null } }, [1, 2, 3, 4]),
  finds('$gt compares within one type', numbers, { v: { $gt: 1 } }, [2, 3]),
  finds('$gte includes its bound', numbers, { v: { $gte: 5 } }, [2, 3]),
  finds('$lt compares within one type', numbers, { v: { $lt: 10 } }, [1, 2]),
  finds('$lte includes its bound', numbers, { v: { $lte: 5 } }, [1, 2]),
  finds('$gt with a string matches strings only', numbers, { v: { $gt: '' } }, [4]),
  finds('$gte: null matches null and missing fields', numbers, { v: { $gte: null } }, [5, 6]),
  finds('$gt: null matches nothing', numbers, { v: { $gt: null } }, []),
  finds('two comparisons select a range', numbers, { v: { $gt: 1, $lt: 10 } }, [2]),
  finds('$in matches any of its values', numbers, { v: { $in: [1, '5'] } }, [1, 4]),
  finds('$in with null matches missing fields', numbers, { v: { $in: [null, 10] } }, [3, 5, 6]),
  finds('an empty $in matches nothing', numbers, { v: { $in: [] } }, []),
  finds('$nin matches missing fields', numbers, { v: { $nin: [1, 5] } }, [3, 4, 5, 6]),
  finds('$exists: true matches null', numbers, { v: { $exists: true } }, [1, 2, 3, 4, 5]),
  finds('$exists: false matches missing fields', numbers, { v: { $exists: false } }, [6]),
  finds('$not matches missing fields', numbers, { v: { $not: { $gte: 5 } } }, [1, 4, 5, 6]),
  finds('$and requires all its conditions', numbers, { $and: [{ v: { $gt: 1 } }, { v: { $lt: 10 } }] }, [2]),
  finds('$or requires one of its conditions', numbers, { $or: [{ v: 1 }, { v: null }] }, [1, 5, 6]),
  finds('$nor requires none of its conditions', numbers, { $nor: [{ v: 1 }, { v: null }] }, [2, 3, 4]),
  finds(
    'an int, a long and a double are equal by value',
    each(new Int32(5), new Double(5), Long.fromNumber(5), 5.5),
    { v: 5 },
    [1, 2, 3],
  ),
  finds(
    'numbers of all types share one order',
    each(new Int32(4), new Double(5.5), Long.fromNumber(6), new Double(5)),
    { v: { $gt: 5 } },
    [2, 3],
  ),
  finds(
    'a long beyond 2^53 is compared exactly',
    each(Long.fromString('9007199254740993'), Long.fromString('9007199254740992')),
    { v: Long.fromString('9007199254740993') },
    [1],
  ),
  finds('NaN equals NaN', each(Number.NaN, 1), { v: Number.NaN }, [1]),
  finds('NaN is not less than a number', each(Number.NaN, 1), { v: { $lt: 5 } }, [2]),
  finds('a date is not a number', each(day(1), day(1).getTime()), { v: { $gte: day(1) } }, [1]),
  finds('dates are compared by time', each(day(1), day(2), day(3)), { v: { $gt: day(1), $lt: day(3) } }, [2]),
  finds('object ids are compared by bytes', each(low, high), { v: { $gt: low } }, [2]),
  finds('false is less than true', each(false, true), { v: { $gt: false } }, [2]),
  finds('strings are compared by bytes, not by language', each('a', 'B', 'é', 'z'), { v: { $gt: 'Z' } }, [1, 3, 4]),
  finds('characters beyond the basic plane come last', each('\uFFFD', '\u{1F600}'), { v: { $gt: '\uFFFD' } }, [2]),
  finds(
    'binary data is compared by content',
    each(new Binary(Buffer.from([1, 2])), new Binary(Buffer.from([1, 3]))),
    { v: new Binary(Buffer.from([1, 2])) },
    [1],
  ),
  finds(
    'a sub-document matches only with the same fields in the same order',
    each({ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 2, c: 3 }),
    { v: { a: 1, b: 2 } },
    [1],
  ),

  finds('a value matches an array that contains it', arrays, { v: 2 }, [1, 2, 3]),
  finds('an array matches the same array and an array that contains it', arrays, { v: [1, 2] }, [5]),
  finds('an empty array matches an empty array', arrays, { v: [] }, [4]),
  finds('a comparison matches an array when one element matches', arrays, { v: { $gt: 2 } }, [1]),
  finds('two comparisons may match different elements', each([1, 10], [5], [1, 2]), { v: { $gt: 4, $lt: 6 } }, [1, 2]),
  finds(
    '$elemMatch requires one element to match both conditions',
    each([1, 10], [5], 5),
    { v: { $elemMatch: { $gt: 4, $lt: 6 } } },
    [2],
  ),
  finds('$ne does not match an array that contains the value', arrays, { v: { $ne: 1 } }, [3, 4, 5]),
  finds('null matches an array that contains null', each([null], [1], []), { v: null }, [1]),
  finds('$size matches the number of elements', arrays, { v: { $size: 2 } }, [2]),
  finds('$all requires every value', arrays, { v: { $all: [1, 2] } }, [1, 2]),
  finds('$all matches a plain value', arrays, { v: { $all: [2] } }, [1, 2, 3]),
  finds('an empty $all matches nothing', arrays, { v: { $all: [] } }, []),
  finds(
    '$all accepts $elemMatch',
    each([{ a: 1 }, { a: 2 }], [{ a: 1 }]),
    { v: { $all: [{ $elemMatch: { a: 1 } }, { $elemMatch: { a: 2 } }] } },
    [1],
  ),
  finds('$in matches an element', arrays, { v: { $in: [3] } }, [1]),
  finds('$not accepts $size', arrays, { v: { $not: { $size: 2 } } }, [1, 3, 4, 5]),

  finds('a dotted path is followed through sub-documents and arrays of them', nested, { 'a.b': 1 }, [1, 2]),
  finds('conditions on two paths may match different elements', nested, { 'a.b': 9, 'a.c': 1 }, [3]),
  finds(
    '$elemMatch requires one sub-document to match all conditions',
    nested,
    { a: { $elemMatch: { b: 9, c: 1 } } },
    [],
  ),
  finds('$elemMatch matches a sub-document', nested, { a: { $elemMatch: { b: { $gt: 4 }, c: 2 } } }, [3]),
  finds('null on a dotted path matches documents without the field', nested, { 'a.b': null }, [4, 5, 7]),
  finds('$exists: true on a dotted path', nested, { 'a.c': { $exists: true } }, [3]),
  finds('$exists: false on a dotted path', nested, { 'a.b': { $exists: false } }, [4, 5, 6, 7]),
  finds('$elemMatch with $or', nested, { a: { $elemMatch: { $or: [{ b: 5 }, { c: 1 }] } } }, [2, 3]),

  ...NUMBERED_PATHS,

  refusedFilter('an unknown operator is refused', { v: { $foo: 1 } }, { code: 2 }),
  refusedFilter('an unknown top-level operator is refused', { $foo: 1 }, { code: 2 }),
  refusedFilter('operators beside fields are refused', { v: { $gt: 1, b: 1 } }, { code: 2 }),
  refusedFilter('$in without an array is refused', { v: { $in: 1 } }, { code: 2 }),
  refusedFilter('$and with an empty array is refused', { $and: [] }, { code: 2 }),
  refusedFilter('$or without documents is refused', { $or: [1] }, { code: 2 }),
  refusedFilter('$size without a number is refused', { v: { $size: 'x' } }, { code: 2 }),
  refusedFilter('$not without a document is refused', { v: { $not: 1 } }, { code: 2 }),
  refusedFilter('$elemMatch without a document is refused', { v: { $elemMatch: 1 } }, { code: 2 }),

  sorts(
    'a sort puts null and missing before numbers, and numbers before strings',
    each('x', 2, null, undefined, 1),
    [
      ['v', 1],
      ['_id', 1],
    ],
    [3, 4, 5, 2, 1],
  ),
  sorts(
    'a sort orders values of all types',
    each(day(1), true, low, new Binary(Buffer.from([1])), { a: 1 }, 'x', 1, null),
    [['v', 1]],
    [8, 7, 6, 5, 4, 3, 2, 1],
  ),
  sorts('an ascending sort takes the smallest element of an array', each([5, 1], [2, 9], 3), [['v', 1]], [1, 2, 3]),
  sorts('a descending sort takes the greatest element of an array', each([5, 1], [2, 9], 7), [['v', -1]], [2, 3, 1]),
  sorts('a sort puts an empty array before null', each(null, [], 1), [['v', 1]], [2, 1, 3]),
  sorts(
    'a sort by two fields in different directions',
    [
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 1, b: 2 },
      { _id: 3, a: 0, b: 0 },
    ],
    [
      ['a', 1],
      ['b', -1],
    ],
    [3, 2, 1],
  ),
  sorts('a sort by a dotted path through an array', nested.slice(1, 3), [['a.b', -1]], [3, 2]),
  {
    name: 'skip and limit apply to the sorted result',
    docs: numbers,
    run: async (c) => (await c.find().sort({ _id: -1 }).skip(1).limit(2).toArray()).map(({ _id }) => _id),
    gives: [5, 4],
  },
  {
    name: 'numbers keep their types',
    docs: each(new Int32(1), Long.fromNumber(1), new Double(1)),
    run: async (c) =>
      (await c.find({}, { promoteValues: false }).toArray()).map(({ v }) => (v as { _bsontype: string })._bsontype),
    gives: ['Int32', 'Long', 'Double'],
  },
  {
    name: '_id is stored as the first field',
    run: async (c) => {
      await c.insertOne({ z: 1, a: 2, _id: 3 });
      return Object.keys((await c.findOne()) ?? {});
    },
    gives: ['_id', 'z', 'a'],
  },
  {
    name: 'a missing collection is empty',
    run: async (c) => [
      await idsOf(c, {}),
      await c.countDocuments(),
      await c.estimatedDocumentCount(),
      await c.distinct('a'),
    ],
    gives: [[], 0, 0, []],
  },
  {
    name: 'a query of a missing collection with an invalid filter is refused',
    run: (c) => refusal(c.find({ a: { $foo: 1 } }).toArray()),
    gives: { code: 2 },
  },
];
