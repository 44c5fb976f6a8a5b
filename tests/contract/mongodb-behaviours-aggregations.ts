import { refusal } from './mongodb-behaviours.js';
import type { Behaviour, Collection, Doc } from './mongodb-behaviours.js';

const sales = [
  { _id: 1, item: 'a', n: 2, price: 10, tags: ['x', 'y'] },
  { _id: 2, item: 'b', n: 1, price: 5, tags: [] },
  { _id: 3, item: 'a', n: 3, price: 1.5 },
];

function pipeline(name: string, stages: Doc[], gives: readonly unknown[], docs: readonly Doc[] = sales): Behaviour {
  return { name, docs, run: (collection) => collection.aggregate(stages).toArray(), gives };
}

function refusedPipeline(name: string, stages: Doc[], code: number): Behaviour {
  return { name, docs: sales, run: (collection) => refusal(collection.aggregate(stages).toArray()), gives: { code } };
}

function projected(
  name: string,
  projection: Doc,
  gives: Doc,
  doc: Doc = { _id: 1, a: 1, b: { c: 2, d: 3 }, e: [{ f: 1, g: 2 }, 5] },
): Behaviour {
  return { name, docs: [doc], run: (collection) => collection.findOne({}, { projection }), gives };
}

function refusedProjection(name: string, projection: Doc, code: number): Behaviour {
  return {
    name,
    docs: sales,
    run: (collection: Collection) => refusal(collection.findOne({}, { projection })),
    gives: { code },
  };
}

export const AGGREGATIONS: readonly Behaviour[] = [
  projected('a projection includes fields', { a: 1 }, { _id: 1, a: 1 }),
  projected('a projection excludes the _id beside included fields', { a: 1, _id: 0 }, { a: 1 }),
  projected('a projection of the _id alone', { _id: 1 }, { _id: 1 }),
  projected('a projection excludes fields', { b: 0, e: 0 }, { _id: 1, a: 1 }),
  projected('a projection excludes only the _id', { _id: 0 }, { a: 1, b: { c: 2, d: 3 }, e: [{ f: 1, g: 2 }, 5] }),
  projected('a projection includes a dotted path', { 'b.c': 1 }, { _id: 1, b: { c: 2 } }),
  projected('a projection excludes a dotted path', { 'b.c': 0, e: 0 }, { _id: 1, a: 1, b: { d: 3 } }),
  projected(
    'an included path is followed through arrays, and plain values are dropped',
    { 'e.f': 1 },
    { _id: 1, e: [{ f: 1 }] },
  ),
  projected(
    'an excluded path is followed through arrays, and plain values are kept',
    { 'e.f': 0, b: 0 },
    { _id: 1, a: 1, e: [{ g: 2 }, 5] },
  ),
  projected('an included field that is missing is ignored', { z: 1 }, { _id: 1 }),
  projected('an included path below a plain value drops the value', { 'a.x': 1 }, { _id: 1 }),
  refusedProjection('an included field after an excluded one is refused', { a: 0, b: 1 }, 31253),
  refusedProjection('an excluded field after an included one is refused', { a: 1, b: 0 }, 31254),
  refusedProjection('a path and a sub-path of it are refused in one projection', { b: 1, 'b.c': 1 }, 31249),

  pipeline(
    '$match, $sort, $skip and $limit run in order',
    [{ $match: { item: 'a' } }, { $sort: { n: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { n: 1 } }],
    [{ _id: 1, n: 2 }],
  ),
  pipeline(
    '$group with $sum: 1, as drivers send it, counts the documents',
    [{ $match: { item: 'a' } }, { $group: { _id: 1, n: { $sum: 1 } } }],
    [{ _id: 1, n: 2 }],
  ),
  // Groups come in no particular order, so each of these rows has one group.
  pipeline(
    'a $group by a field counts the documents of each value',
    [{ $match: { item: { $in: ['a', 'z'] } } }, { $group: { _id: '$item', count: { $sum: 1 } } }],
    [{ _id: 'a', count: 2 }],
  ),
  pipeline(
    'a $group by a missing field makes one group for null',
    [{ $group: { _id: '$colour', count: { $sum: 1 } } }],
    [{ _id: null, count: 3 }],
  ),
  {
    name: 'a $group by a field has one group for each value',
    docs: sales,
    run: async (collection) => {
      const groups = await collection.aggregate([{ $group: { _id: '$item', count: { $sum: 1 } } }]).toArray();
      return groups.sort((a, b) => (String(a['_id']) < String(b['_id']) ? -1 : 1));
    },
    gives: [
      { _id: 'a', count: 2 },
      { _id: 'b', count: 1 },
    ],
  },
  pipeline(
    'counting no documents gives no group',
    [{ $match: { item: 'z' } }, { $group: { _id: 1, n: { $sum: 1 } } }],
    [],
  ),

  refusedPipeline('an unknown stage is refused', [{ $foo: 1 }], 40324),
  refusedPipeline('a stage with two operators is refused', [{ $match: {}, $limit: 1 }], 40323),
  refusedPipeline('a $limit of 0 is refused', [{ $limit: 0 }], 15958),
];
