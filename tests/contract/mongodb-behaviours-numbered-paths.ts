import { finds, projects, refusal, sorts, updates } from './mongodb-behaviours.js';
import type { Behaviour, Doc } from './mongodb-behaviours.js';

/*
 * A number in a path is an array index and also a field name. The rows follow MongoDB's own tests,
 * src/mongo/db/matcher/path_test.cpp (ArrayIndex1 to 3, ArrayIndexNested1 and 2).
 */
const VALUES: readonly unknown[] = [
  /* 1 */ [1, 2],
  /* 2 */ [[1, 2], 3],
  /* 3 */ [[[1]]],
  /* 4 */ [{ 0: 1 }, 5],
  /* 5 */ [5, { 0: 1 }],
  /* 6 */ { 0: 1 },
  /* 7 */ { 0: [1, 2] },
  /* 8 */ { 0: { 0: 1 } },
  /* 9 */ [{ 0: [1] }],
  /* 10 */ 1,
  /* 11 */ [],
  /* 12 */ null,
  /* 13 */ [{ b: 1 }],
  /* 14 */ [[{ b: 1 }]],
  /* 15 */ { 0: { b: 1 } },
];
const docs: Doc[] = [...VALUES.map((v, i) => ({ _id: i + 1, v })), { _id: 16 }];

export const NUMBERED_PATHS: readonly Behaviour[] = [
  finds('a number in a path is an array index and a field name', docs, { 'v.0': 1 }, [1, 4, 5, 6, 7, 9]),
  finds('an inner array at an index is compared as one value', docs, { 'v.0': [1, 2] }, [2, 7]),
  finds('two numbers in a path select from inner arrays and documents', docs, { 'v.0.0': 1 }, [2, 4, 7, 8, 9]),
  finds('three numbers in a path select from nested arrays', docs, { 'v.0.0.0': 1 }, [3, 9]),
  finds('an index beyond the end selects nothing', docs, { 'v.2': { $exists: true } }, []),
  finds('a comparison at an index does not match elements of an inner array', docs, { 'v.0': { $gt: 1 } }, [5, 7]),
  finds('$in at an index does not match elements of an inner array', docs, { 'v.0': { $in: [2, 5] } }, [5, 7]),
  finds('$all at an index does not match elements of an inner array', docs, { 'v.0': { $all: [2] } }, [7]),
  finds('$size at an index is that of the inner array', docs, { 'v.0': { $size: 2 } }, [2, 7]),
  finds(
    '$elemMatch at an index matches elements of the inner array',
    docs,
    { 'v.0': { $elemMatch: { $eq: 1 } } },
    [2, 7, 9],
  ),
  finds('$ne at an index', docs, { 'v.0': { $ne: 1 } }, [2, 3, 8, 10, 11, 12, 13, 14, 15, 16]),
  finds('$exists at an index', docs, { 'v.0': { $exists: true } }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15]),
  finds('$exists: false at an index', docs, { 'v.0': { $exists: false } }, [10, 11, 12, 16]),
  finds('null at an index does not match an empty array', docs, { 'v.0': null }, [10, 12, 13, 16]),
  finds('a path continues after an index', docs, { 'v.0.b': 1 }, [13, 14, 15]),
  finds(
    'null after an index matches documents without the field',
    docs,
    { 'v.0.b': null },
    [4, 5, 6, 8, 9, 10, 12, 13, 16],
  ),
  finds('null after an index does not match a plain element', [{ _id: 1, v: [7] }], { 'v.0.b': null }, []),
  finds('a number with a leading zero is a field name only', docs, { 'v.00': 1 }, []),

  sorts(
    'a sort by an array index',
    [{ _id: 1, v: [2, 1] }, { _id: 2, v: [1, 2] }, { _id: 3 }],
    [['v.0', 1]],
    [3, 2, 1],
  ),
  sorts(
    'a sort by a field name that is a number',
    [
      { _id: 1, v: [{ 7: 2 }] },
      { _id: 2, v: { 7: 1 } },
    ],
    [['v.7', 1]],
    [2, 1],
  ),
  {
    name: 'a sort by a number that is an index and a field name is refused',
    docs: [{ _id: 1, v: [{ 0: 1 }] }],
    run: (collection) => refusal(collection.find().sort({ 'v.0': 1 }).toArray()),
    gives: { code: 16746 },
  },

  projects(
    'a projection treats a number as a field name',
    { v: [{ 0: 1, b: 2 }, 5, [{ 0: 3 }]] },
    { 'v.0': 1 },
    {
      v: [{ 0: 1 }, [{ 0: 3 }]],
    },
  ),
  projects(
    'an exclusion treats a number as a field name',
    { v: [{ 0: 1, b: 2 }, 5, [1]] },
    { 'v.0': 0 },
    {
      v: [{ b: 2 }, 5, [1]],
    },
  ),

  updates(
    '$set at two indexes changes the inner element',
    { v: [[1, 2], 3] },
    { $set: { 'v.0.1': 9 } },
    { v: [[1, 9], 3] },
  ),
  updates('$set at an index replaces an inner array', { v: [[1, 2], 3] }, { $set: { 'v.0': 9 } }, { v: [9, 3] }),
  updates(
    '$set changes a field whose name is a number',
    { v: [{ 0: 1 }] },
    { $set: { 'v.0.0': 9 } },
    { v: [{ 0: 9 }] },
  ),
  updates('$set with a number creates a document, not an array', {}, { $set: { 'v.0': 9 } }, { v: { 0: 9 } }),
  updates(
    '$inc at two indexes changes the inner element',
    { v: [[1, 2], 3] },
    { $inc: { 'v.0.0': 5 } },
    { v: [[6, 2], 3] },
  ),
  updates(
    '$push at an index appends to the inner array',
    { v: [[1, 2], 3] },
    { $push: { 'v.0': 5 } },
    { v: [[1, 2, 5], 3] },
  ),
  updates(
    '$addToSet at an index adds to the inner array',
    { v: [[1, 2], 3] },
    { $addToSet: { 'v.0': 1 } },
    { v: [[1, 2], 3] },
  ),
  updates(
    '$pull at an index removes from the inner array',
    { v: [[1, 2], 3] },
    { $pull: { 'v.0': 1 } },
    { v: [[2], 3] },
  ),
  updates(
    '$unset at two indexes sets the inner element to null',
    { v: [[1, 2], 3] },
    { $unset: { 'v.0.0': '' } },
    { v: [[null, 2], 3] },
  ),
];
