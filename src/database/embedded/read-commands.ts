import { parsePipeline } from './aggregate.js';
import { assertCommand, collectionOf, countField, docField, namespaceOf } from './command.js';
import type { Command, Context } from './command.js';
import type { CursorReply, Encoded } from './encoded.js';
import { CommandError, unsupported } from './errors.js';
import { encodeKey } from './keys.js';
import { exact, isNumber } from './numbers.js';
import { arrayOf, valuesAt } from './paths.js';
import { compileEncodedProjection, compileProjection } from './projection.js';
import { describe, execute } from './scan.js';
import type { Found, Query } from './scan.js';
import { encode, toArray, toDoc, toText, truthy } from './values.js';
import type { Doc } from './values.js';

const FIND_FIELDS = [
  ...['filter', 'projection', 'sort', 'skip', 'limit', 'batchSize', 'singleBatch', 'hint'],
  ...['noCursorTimeout', 'allowDiskUse'],
];

/** The commands that read (manual: "Query and Write Operation Commands", "Aggregation Commands"). */
export const READ_COMMANDS: Readonly<Record<string, Command>> = {
  find: { fields: FIND_FIELDS, run: find },
  getMore: { fields: ['collection', 'batchSize'], run: getMore },
  killCursors: { fields: ['cursors'], run: killCursors },
  count: { fields: ['query', 'limit', 'skip', 'hint'], run: count },
  distinct: { fields: ['key', 'query', 'hint'], run: distinct },
  aggregate: { fields: ['pipeline', 'cursor', 'allowDiskUse', 'hint'], run: aggregate },
  explain: { fields: ['verbosity'], run: explain },
};

/** Returns the query of a command. Commands have different names for the filter. */
export function queryOf(command: Doc, filterName: string): Query {
  return {
    filter: docField(command, filterName) ?? {},
    sort: docField(command, 'sort'),
    skip: countField(command, 'skip') ?? 0,
    limit: countField(command, 'limit') ?? 0,
    hint: command['hint'] === '' ? undefined : command['hint'],
    maxTimeMS: countField(command, 'maxTimeMS') ?? 0,
  };
}

/** Returns the projection of a command. Without one, or with an empty one, documents are returned unchanged. */
export function projectionOf(command: Doc, name: string): (doc: Doc) => Doc {
  const spec = docField(command, name) ?? {};
  return Object.keys(spec).length === 0 ? (doc) => doc : compileProjection(spec);
}

function find(context: Context): CursorReply {
  const { command, cursors } = context;
  const { results } = execute(collectionOf(context), queryOf(command, 'filter'));
  const docs = projected(results, encodedProjectionOf(command));
  return cursors.first(namespaceOf(context), docs, countField(command, 'batchSize'), truthy(command['singleBatch']));
}

function encodedProjectionOf(command: Doc): (bytes: Encoded) => Encoded {
  const spec = docField(command, 'projection') ?? {};
  return Object.keys(spec).length === 0 ? (bytes) => bytes : compileEncodedProjection(spec);
}

function* projected(found: Iterable<Found>, project: (bytes: Encoded) => Encoded): Generator<Encoded> {
  for (const { bytes } of found) yield project(bytes);
}

function getMore({ db, command, cursors }: Context): CursorReply {
  const namespace = `${db}.${toText(command['collection'], 'getMore.collection')}`;
  // A batch size of 0 means no limit.
  return cursors.next(cursorId(command['getMore']), namespace, countField(command, 'batchSize') || undefined);
}

function cursorId(value: unknown): bigint {
  if (isNumber(value)) return BigInt(exact(value));
  throw new CommandError(14, "BSON field 'getMore.getMore' is the wrong type, expected type 'long'");
}

function killCursors({ command, cursors }: Context): Doc {
  const ids = toArray(command['cursors'], 'killCursors.cursors');
  const cursorsKilled = ids.filter((id) => cursors.kill(cursorId(id)));
  const cursorsNotFound = ids.filter((id) => !cursorsKilled.includes(id));
  return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] };
}

function count(context: Context): Doc {
  return { n: howMany(execute(collectionOf(context), queryOf(context.command, 'query')).results) };
}

function howMany(results: Iterable<Found>): number {
  let n = 0;
  for (const _ of results) n++;
  return n;
}

/** Manual: "distinct". The elements of an array are values, the array is not. */
function distinct(context: Context): Doc {
  const parts = toText(context.command['key'], 'distinct.key').split('.');
  const values = new Map<string, unknown>();
  for (const { doc } of execute(collectionOf(context), queryOf(context.command, 'query')).results) {
    for (const value of valuesAt(doc, parts).flatMap((found) => arrayOf(found) ?? [found])) {
      const key = encodeKey([value]).toString('latin1');
      if (value !== undefined && !values.has(key)) values.set(key, value);
    }
  }
  return { values: [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value) };
}

function aggregate(context: Context): CursorReply {
  const { command, cursors } = context;
  if (command['cursor'] === undefined) throw new CommandError(9, "The 'cursor' option is required");
  if (typeof command['aggregate'] !== 'string') throw unsupported('an aggregation without a collection');
  const cursor = toDoc(command['cursor'], 'aggregate.cursor');
  const { query, finish } = parsePipeline(command['pipeline'], command['hint']);
  const { results } = execute(collectionOf(context), query);
  return cursors.first(namespaceOf(context), encoded(finish(results)), countField(cursor, 'batchSize'));
}

function* encoded(docs: Iterable<Doc>): Generator<Encoded> {
  for (const doc of docs) yield encode(doc);
}

/** Executes a find and returns its plan (manual: "explain"). Other commands are refused. */
function explain({ command, ...context }: Context): Doc {
  const inner = toDoc(command['explain'], 'explain');
  const [name = ''] = Object.keys(inner);
  if (name !== 'find') throw unsupported(`explaining ${name}`);
  assertCommand(name, { fields: FIND_FIELDS, run: find }, inner);
  const query = queryOf(inner, 'filter');
  const execution = execute(collectionOf({ ...context, command: inner }), query);
  const winningPlan = describe(execution, query);
  const namespace = namespaceOf({ ...context, command: inner });
  const queryPlanner = { namespace, parsedQuery: query.filter, winningPlan, rejectedPlans: [] };
  if (command['verbosity'] === 'queryPlanner') return { queryPlanner, command: inner };
  const start = Date.now();
  const executionStats = {
    executionSuccess: true,
    nReturned: howMany(execution.results),
    executionTimeMillis: Date.now() - start,
    totalKeysExamined: execution.work.keysExamined,
    totalDocsExamined: execution.work.docsExamined,
    executionStages: winningPlan,
  };
  return { queryPlanner, executionStats, command: inner };
}
