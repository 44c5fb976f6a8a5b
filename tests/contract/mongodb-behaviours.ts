import type { mongo } from 'mongoose';

export type Doc = Record<string, unknown>;
/** What a collection holds: any document, under any kind of `_id`. */
export interface Row {
  _id?: number | object | null;
  [field: string]: unknown;
}
export type Collection = mongo.Collection<Row>;

/** One thing that MongoDB's documentation says a server does, and how to see it through the driver. */
export interface Behaviour {
  /** A sentence. */
  readonly name: string;
  /** What the collection, new for each row, holds at first. */
  readonly docs?: readonly Doc[];
  run(collection: Collection, db: mongo.Db): Promise<unknown>;
  /** What `run` gives, or for a refusal the fields that the error has. */
  readonly gives: unknown;
}

/** The `_id`s that a filter finds, in order of `_id`. */
export function finds(name: string, docs: readonly Doc[], filter: Doc, ids: readonly unknown[]): Behaviour {
  return { name, docs, run: (collection) => idsOf(collection, filter), gives: ids };
}

/** The `_id`s in the order of a sort. */
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

/** What a projection leaves of one document, without its `_id`. */
export function projects(name: string, doc: Doc, projection: Doc, rest: Doc): Behaviour {
  return {
    name,
    docs: [{ _id: 1, ...doc }],
    run: (collection) => collection.findOne({}, { projection: { ...projection, _id: 0 } }),
    gives: rest,
  };
}

/** What one document becomes; the keys' order counts. */
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

/** What an upsert that finds nothing inserts, without the `_id` it makes. */
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

/** The error's code and, when there is one, what it says about a duplicate; fails when there is no error. */
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

/** The plan's stages from the outside in, with index names; and the counts. */
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
