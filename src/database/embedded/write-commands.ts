import type { Collection } from './collection.js';
import { assertFields, collectionName, collectionOf } from './command.js';
import type { Command, Context } from './command.js';
import { CommandError } from './errors.js';
import { toNumber } from './numbers.js';
import { projectionOf, queryOf } from './read-commands.js';
import { execute } from './scan.js';
import type { Found, Query } from './scan.js';
import { compileUpdate, upsertDocument, withIdFirst } from './update.js';
import type { Update } from './update.js';
import { toArray, toDoc, truthy } from './values.js';
import type { Doc } from './values.js';

const FIND_AND_MODIFY_FIELDS = ['query', 'sort', 'remove', 'update', 'new', 'fields', 'upsert', 'hint'];

/** The commands that write documents (manual: "Query and Write Operation Commands"). */
export const WRITE_COMMANDS: Readonly<Record<string, Command>> = {
  insert: { fields: ['documents', 'ordered'], writes: true, run: insert },
  update: { fields: ['updates', 'ordered'], writes: true, run: update },
  delete: { fields: ['deletes', 'ordered'], writes: true, run: remove },
  findAndModify: { fields: FIND_AND_MODIFY_FIELDS, writes: true, run: findAndModify },
};

const MAX_BATCH = 100_000;

/** Runs the statements of a write command one by one. An ordered command stops at the first that fails. */
function eachStatement({ command, store }: Context, field: string, run: (statement: Doc, index: number) => void): Doc {
  const statements = toArray(command[field], field);
  if (statements.length === 0 || statements.length > MAX_BATCH) {
    const message = `Write batch sizes must be between 1 and ${MAX_BATCH}. Got ${statements.length} operations.`;
    throw new CommandError(16, message);
  }
  const writeErrors: Doc[] = [];
  for (const [index, statement] of statements.entries()) {
    try {
      store.atomically(() => run(toDoc(statement, field), index));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.details });
      if (command['ordered'] !== false) break;
    }
  }
  return writeErrors.length === 0 ? {} : { writeErrors };
}

function insert(context: Context): Doc {
  const collection = context.store.findOrCreate(context.db, collectionName(context));
  let n = 0;
  const errors = eachStatement(context, 'documents', (doc) => {
    collection.insert(withIdFirst(doc));
    n++;
  });
  return { n, ...errors };
}

function update(context: Context): Doc {
  let n = 0;
  let nModified = 0;
  const upserted: Doc[] = [];
  const errors = eachStatement(context, 'updates', (statement, index) => {
    assertFields('update.updates', statement, ['q', 'u', 'multi', 'upsert', 'hint']);
    const change = compileUpdate(statement['u']);
    const multi = truthy(statement['multi']);
    if (multi && change.isReplacement) {
      throw new CommandError(9, 'multi update is not supported for replacement-style update');
    }
    const query = { ...statementQuery(statement), limit: multi ? 0 : 1 };
    const { found, modified, inserted } = updateFound(context, query, change, truthy(statement['upsert']));
    n += found.length + (inserted === undefined ? 0 : 1);
    nModified += modified;
    if (inserted !== undefined) upserted.push({ index, _id: inserted['_id'] });
  });
  return { n, nModified, ...(upserted.length === 0 ? {} : { upserted }), ...errors };
}

/** Returns the query of a statement. An absent filter is refused, because it would match everything. */
function statementQuery(statement: Doc): Query {
  return { ...queryOf(statement, 'q'), filter: toDoc(statement['q'], 'q') };
}

interface Outcome {
  readonly found: readonly Found[];
  readonly modified: number;
  /** The found documents after the update. */
  readonly changed: readonly Doc[];
  readonly inserted?: Doc;
}

/** Finds all documents before it changes them, so that a changed document is not found again. */
function updateFound(context: Context, query: Query, change: Update, upsert: boolean): Outcome {
  const collection = collectionOf(context);
  const found = [...execute(collection, query).results];
  const changed = found.map(({ doc }) => change.apply(doc, false));
  const modified = found.filter((one, i) => collection?.replace(one, one.doc, changed[i] as Doc)).length;
  if (found.length > 0 || !upsert) return { found, modified, changed };
  const inserted = upsertDocument(query.filter, change);
  context.store.findOrCreate(context.db, collectionName(context)).insert(inserted);
  return { found, modified, changed, inserted };
}

function remove(context: Context): Doc {
  let n = 0;
  const errors = eachStatement(context, 'deletes', (statement) => {
    assertFields('delete.deletes', statement, ['q', 'limit', 'hint']);
    const limit = toNumber(statement['limit']);
    if (limit !== 0 && limit !== 1) {
      throw new CommandError(9, `The limit field in delete objects must be 0 or 1. Got ${limit}`);
    }
    n += removeFound(collectionOf(context), statementQuery(statement)).length;
  });
  return { n, ...errors };
}

function removeFound(collection: Collection | undefined, query: Query): readonly Found[] {
  const found = [...execute(collection, query).results];
  for (const one of found) collection?.remove(one, one.doc);
  return found;
}

/** Manual: "findAndModify". Changes one document and returns it as it was before or, with `new`, as it is after. */
function findAndModify(context: Context): Doc {
  const { command } = context;
  const [removes, upsert, isNew] = ['remove', 'upsert', 'new'].map((name) => truthy(command[name]));
  if (removes === (command['update'] !== undefined)) {
    throw new CommandError(9, 'Either an update or remove=true must be specified, not both');
  }
  if (removes && (upsert || isNew)) throw new CommandError(9, 'Cannot specify upsert or new with remove=true');
  const query = { ...queryOf(command, 'query'), limit: 1 };
  const project = projectionOf(command, 'fields');
  if (removes) {
    const [removed] = removeFound(collectionOf(context), query);
    return {
      lastErrorObject: { n: removed === undefined ? 0 : 1 },
      value: removed === undefined ? null : project(removed.doc),
    };
  }
  const outcome = updateFound(context, query, compileUpdate(command['update']), upsert === true);
  const { found, changed, inserted } = outcome;
  const value = isNew ? (changed[0] ?? inserted) : found[0]?.doc;
  const lastErrorObject = {
    n: found.length + (inserted === undefined ? 0 : 1),
    updatedExisting: found.length > 0,
    ...(inserted === undefined ? {} : { upserted: inserted['_id'] }),
  };
  return { lastErrorObject, value: value === undefined ? null : project(value) };
}
