import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Executor } from '../../src/database/embedded/executor.js';
import { compileEncodedProjection, compileProjection } from '../../src/database/embedded/projection.js';
import { Store } from '../../src/database/embedded/store.js';
import { decode, encode } from '../../src/database/embedded/values.js';
import type { Doc } from '../../src/database/embedded/values.js';

/*
 * An index changes the speed of a query, never its answer. Random filters and sorts over random documents and indexes are
 * run twice, once with the plan that the planner chooses and once by a scan of the collection: the answers must be equal.
 */
let store: Store;
let executor: Executor;
let directory: string;
let collections = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lectern-equivalence-'));
  store = Store.open(directory);
  executor = new Executor(store);
});

afterAll(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

/** Encodes and decodes as BSON in both directions, as over the wire. */
function command(document: Doc): Doc {
  const reply = executor.execute(decode(encode({ ...document, $db: 'test' })));
  const answer = mongo.BSON.deserialize(reply);
  expect(answer, JSON.stringify(document)).toMatchObject({ ok: 1 });
  expect(answer, JSON.stringify(answer['writeErrors'])).not.toHaveProperty('writeErrors');
  return answer;
}

const small = fc.integer({ min: 0, max: 3 });
const scalar = fc.oneof(
  { weight: 12, arbitrary: small },
  { weight: 2, arbitrary: fc.constant(null) },
  fc.constantFrom(0.5, -1.5, Number.NaN, 2 ** 53),
  fc.constantFrom('', 'a', 'ab', 'b', 'a\u0000b', '\u{1F600}', '\uFFFD'),
  fc.constantFrom(true, false, new Date(0), new Date(-5), new Date(5)),
  fc.constantFrom(new mongo.ObjectId('000000000000000000000001'), mongo.Long.fromString('9007199254740993')),
  fc.constant(new mongo.Binary(Buffer.of(1, 0, 255))),
);
const inner = fc.record({ x: small, y: scalar }, { requiredKeys: [] });
const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 4, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  inner,
  { weight: 2, arbitrary: fc.array(inner, { maxLength: 3 }) },
);
const doc = fc.record({ a: value, b: scalar, c: scalar }, { requiredKeys: [] });
const path = fc.constantFrom('a', 'a', 'b', 'b', 'c', 'a.x', 'a.y', 'a.0', '_id');
const indexed = fc.constantFrom('a', 'a', 'b', 'b', 'c', 'a.x', 'a.y', '_id');
const direction = fc.constantFrom<1 | -1>(1, -1);
const keyOf = (paths: fc.Arbitrary<string>, selector: (name: string) => unknown) =>
  fc.uniqueArray(fc.tuple(paths, direction), { minLength: 1, maxLength: 3, selector: ([name]) => selector(name) });
const indexKey = keyOf(indexed, (name) => name);
/** Without two fields under one array: a sort refuses them. */
const sortKey = keyOf(path, (name) => name.split('.')[0]);
const options = fc.constantFrom<Doc>(
  {},
  {},
  { sparse: true },
  { sparse: true },
  { partialFilterExpression: { c: { $gte: 1 } } },
  { partialFilterExpression: { b: { $exists: true } } },
  { partialFilterExpression: { c: { $in: [1, null] } } },
);
const comparison = fc.constantFrom('$gt', '$gte', '$lt', '$lte', '$eq', '$ne');
const operators = fc.oneof(
  fc.dictionary(comparison, scalar, { minKeys: 1, maxKeys: 2 }),
  fc.tuple(small, small).map(([low, high]) => ({ $gte: low, $lt: high })),
);
const condition = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 3, arbitrary: operators },
  fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $all: fc.array(scalar, { minLength: 1, maxLength: 2 }) }),
  fc.record({ $elemMatch: operators }),
  fc.record({ $elemMatch: fc.record({ x: scalar, y: scalar }, { requiredKeys: [] }) }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $not: operators }),
  value,
);
const clause = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(path, condition, { minKeys: 1, maxKeys: 1 }) },
  fc.dictionary(path, condition, { minKeys: 2, maxKeys: 3 }),
);
const filter = fc.oneof(
  { weight: 3, arbitrary: clause },
  fc.record({ $or: fc.array(clause, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $and: fc.array(clause, { minLength: 1, maxLength: 2 }) }),
  fc.tuple(clause, fc.array(clause, { minLength: 1, maxLength: 2 })).map(([one, or]) => ({ ...one, $or: or })),
);

test('queries return the same documents with and without indexes', () => {
  const cases = fc.record({
    docs: fc.array(doc, { minLength: 1, maxLength: 12 }),
    keys: fc.array(fc.tuple(indexKey, options), { minLength: 1, maxLength: 3 }),
    filters: fc.array(fc.tuple(filter, fc.option(sortKey), fc.nat({ max: 3 })), { minLength: 6, maxLength: 6 }),
    changes: fc.array(fc.tuple(fc.nat({ max: 11 }), doc), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ docs, keys, filters, changes }) => {
      const name = `c${++collections}`;
      for (const [i, [fields, option]] of keys.entries()) {
        const index = { key: Object.fromEntries(fields), name: `i${i}`, ...option };
        const reply = decode(executor.execute(decode(encode({ createIndexes: name, indexes: [index], $db: 'test' }))));
        // An index with the same key is refused.
        if (Number(reply['ok']) !== 1) expect(Number(reply['code'])).toBe(85);
      }
      for (const [i, one] of docs.entries()) {
        // A document with arrays under two fields of one index is refused and stays out.
        executor.execute(decode(encode({ insert: name, documents: [{ _id: i, ...one }], $db: 'test' })));
      }
      for (const [id, change] of changes) {
        executor.execute(decode(encode({ update: name, updates: [{ q: { _id: id }, u: change }], $db: 'test' })));
      }
      for (const [asked, order, limit] of filters) {
        const sort = order === null ? {} : { sort: { ...Object.fromEntries(order), _id: 1 }, limit };
        const ids = (hint: Doc): unknown[] => {
          const { cursor } = command({ find: name, filter: asked, ...sort, ...hint }) as {
            cursor: { firstBatch: Doc[] };
          };
          return cursor.firstBatch.map(({ _id }) => _id);
        };
        const [found, all] = [ids({}), ids({ hint: { $natural: 1 } })];
        if (order === null) expect(found.sort()).toEqual(all.sort());
        else expect(found).toEqual(all);
      }
      command({ drop: name });
    }),
    { numRuns: 300 },
  );
});

test('a projection of encoded documents returns what that of decoded ones returns', () => {
  const whole = fc.record({ a: value, b: fc.oneof(value, doc), c: doc }, { requiredKeys: [] });
  const paths = fc.uniqueArray(fc.constantFrom('a', 'a.x', 'b', 'b.a', 'b.a.x', 'b.b.y', 'c.a', 'c.c', 'd.e', '_id'), {
    minLength: 1,
    maxLength: 3,
    comparator: (one, other) => one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`),
  });
  fc.assert(
    fc.property(whole, paths, fc.boolean(), (fields, chosen, includes) => {
      const spec = Object.fromEntries(chosen.map((one) => [one, includes ? 1 : 0]));
      const stored = encode({ _id: 'id', ...fields });
      const projected = compileEncodedProjection(spec)(stored);
      expect(decode(projected)).toEqual(decode(encode(compileProjection(spec)(decode(stored)))));
    }),
    { numRuns: 1_000 },
  );
});

test('many keys of a unique index are looked up, and only by whole keys', () => {
  const name = `c${++collections}`;
  command({ createIndexes: name, indexes: [{ key: { a: 1, b: 1 }, name: 'both', unique: true }] });
  const ids = Array.from({ length: 300 }, (_, i) => `id ${i}`);
  command({ insert: name, documents: ids.map((_id, i) => ({ _id, a: i % 3, b: i })) });
  const find = (filter: Doc, sort: Doc = {}): unknown[] => {
    const { cursor } = command({ find: name, filter, sort, batchSize: 1_000 }) as { cursor: { firstBatch: Doc[] } };
    return cursor.firstBatch.map(({ _id }) => _id);
  };
  const some = ids.filter((_, i) => i % 2 === 0);
  const asked = { _id: { $in: [...some, ...some.slice(0, 5), 'absent'].reverse() } };
  expect(find(asked).sort()).toEqual([...some].sort());
  expect(find(asked, { _id: -1 })).toEqual([...some].sort().reverse());
  expect(find({ a: { $in: [0, 2] } })).toHaveLength(200);
  expect(find({ a: { $in: [0, 2] }, b: { $in: [0, 1, 2, 3] } }).sort()).toEqual(['id 0', 'id 2', 'id 3']);
});

test('a damaged document is an error of the query, and not an endless search', () => {
  const project = compileEncodedProjection({ b: 1 });
  const bytes = Buffer.from(encode({ _id: 'id', a: 'text', b: 1 }));
  const typeOfA = bytes.indexOf('a\0') - 1;
  for (const [at, value] of [
    [typeOfA, 0x0b],
    [typeOfA + 3, 0xff],
    [typeOfA + 6, 0xff],
  ] as const) {
    const damaged = Buffer.from(bytes);
    damaged[at] = value;
    expect(() => project(damaged)).toThrow(/a stored document/);
  }
});
