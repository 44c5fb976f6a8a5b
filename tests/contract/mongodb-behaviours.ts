import type { mongo } from 'mongoose';

export type Doc = Record<string, unknown>;
/** A document with any kind of `_id`. */
export interface Row {
  _id?: number | object | null;
  [field: string]: unknown;
}
export type Collection = mongo.Collection<Row>;

/** One behaviour that MongoDB documents, and how to observe it through the driver. */
export interface Behaviour {
  /** A sentence. */
  readonly name: string;
  /** The documents of the collection before `run`. Each row has a new collection. */
  readonly docs?: readonly Doc[];
  run(collection: Collection, db: mongo.Db): Promise<unknown>;
  /** The expected result of `run`, or for a refusal the expected fields of the error. */
  readonly gives: unknown;
}

/** Expects the `_id`s that a filter finds, in order of `_id`. */
export function finds(name: string, docs: readonly Doc[], filter: Doc, ids: readonly unknown[]): Behaviour {
  return { name, docs, run: (collection) => idsOf(collection, filter), gives: ids };
}

/** Expects the `_id`s in the order of a sort. */
export function sorts(
  name: string,
  docs: readonly Doc[],
  sort: [string, 1 | -1][],
  ids: readonly unknown[],
): Behaviour {
  return {
    name,
    docs,
    run: async (collection) => (await collection.find().sort(sort).toArray()).map(({ _id }) => _id),
    gives: ids,
  };
}

/** Expects what a projection returns of one document, without its `_id`. */
export function projects(name: string, doc: Doc, projection: Doc, rest: Doc): Behaviour {
  return {
    name,
    docs: [{ _id: 1, ...doc }],
    run: (collection) => collection.findOne({}, { projection: { ...projection, _id: 0 } }),
    gives: rest,
  };
}

/** Expects one document after an update, with its fields in this order. */
export function updates(name: string, before: Doc, update: Doc, after: Doc): Behaviour {
  return {
    name,
    docs: [{ _id: 1, ...before }],
    run: async (collection) => {
      await collection.updateOne({ _id: 1 }, update);
      return Object.entries((await collection.findOne({ _id: 1 })) ?? {});
    },
    gives: Object.entries({ _id: 1, ...after }),
  };
}

/** Expects what an upsert that finds nothing inserts, without a generated `_id`. */
export function upserts(name: string, filter: Doc, update: Doc, inserted: Doc): Behaviour {
  return {
    name,
    run: async (collection) => {
      await collection.updateOne(filter, update, { upsert: true });
      return collection.findOne({}, { projection: '_id' in inserted ? {} : { _id: 0 } });
    },
    gives: inserted,
  };
}

export function refusedUpdate(name: string, before: Doc, update: Doc, error: Doc): Behaviour {
  return {
    name,
    docs: [{ _id: 1, ...before }],
    run: (collection) => refusal(collection.updateOne({ _id: 1 }, update)),
    gives: error,
  };
}

export function refusedFilter(name: string, filter: Doc, error: Doc): Behaviour {
  return { name, docs: [{ _id: 1 }], run: (collection) => refusal(collection.find(filter).toArray()), gives: error };
}

export async function idsOf(collection: Collection, filter: Doc): Promise<unknown[]> {
  const found = await collection.find(filter).toArray();
  return found.map(({ _id }) => _id).sort((a, b) => Number(a) - Number(b));
}

/** Resolves with the error's code and, for a duplicate key, its pattern and value; or with the result if there was no error. */
export async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    const result = await work;
    return { notRefused: result };
  } catch (error) {
    const { code, keyPattern, keyValue } = error as { code?: unknown; keyPattern?: unknown; keyValue?: unknown };
    if (code === undefined) throw error;
    return { code, ...(keyPattern === undefined ? {} : { keyPattern, keyValue }) };
  }
}

/** Returns the stages of the plan from the outermost to the innermost, with index names, and the counts. */
export async function explained(cursor: mongo.FindCursor<mongo.WithId<Row>>): Promise<Doc> {
  const explanation = (await cursor.explain('executionStats')) as {
    queryPlanner: { winningPlan: Doc };
    executionStats: Doc;
  };
  const stages: string[] = [];
  const walk = (stage: Doc): void => {
    stages.push(
      'indexName' in stage ? `${String(stage['stage'])} ${String(stage['indexName'])}` : String(stage['stage']),
    );
    const inner = (stage['inputStages'] ?? (stage['inputStage'] === undefined ? [] : [stage['inputStage']])) as Doc[];
    inner.forEach(walk);
  };
  walk(explanation.queryPlanner.winningPlan);
  const { nReturned, totalDocsExamined, totalKeysExamined } = explanation.executionStats;
  return { stages, nReturned, totalDocsExamined, totalKeysExamined };
}
