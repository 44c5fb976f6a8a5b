import type { Collection } from './collection.js';
import { collectionName, collectionOf, namespaceOf } from './command.js';
import type { Command, Context } from './command.js';
import type { CursorReply } from './encoded.js';
import { CommandError } from './errors.js';
import { parseIndexSpec } from './index-spec.js';
import type { IndexSpec } from './index-spec.js';
import { encode, isSame, show, toArray, toText } from './values.js';
import type { Doc } from './values.js';

/** The commands about indexes (manual: "Administration Commands"). */
export const INDEX_COMMANDS: Readonly<Record<string, Command>> = {
  createIndexes: { fields: ['indexes'], writes: true, run: createIndexes },
  listIndexes: { fields: ['cursor'], run: listIndexes },
  dropIndexes: { fields: ['index'], writes: true, run: dropIndexes },
};

function createIndexes(context: Context): Doc {
  const specs = toArray(context.command['indexes'], 'createIndexes.indexes').map(parseIndexSpec);
  if (specs.length === 0) throw new CommandError(2, 'Must specify at least one index to create');
  const existing = collectionOf(context);
  const collection = existing ?? context.store.create(context.db, collectionName(context));
  const numIndexesBefore = collection.indexes.length;
  for (const spec of specs) if (!isThere(collection, spec)) collection.createIndex(spec);
  const numIndexesAfter = collection.indexes.length;
  return { numIndexesBefore, numIndexesAfter, createdCollectionAutomatically: existing === undefined };
}

/** Whether an index exists (manual: "createIndexes", behaviours). Throws when a similar one exists. */
function isThere({ indexes }: Collection, spec: IndexSpec): boolean {
  const byName = indexes.find((index) => index.spec.name === spec.name);
  if (byName !== undefined) {
    if (spec.name === '_id_' || isSameIndex(byName.spec, spec)) return true;
    throw conflict(86, 'An existing index has the same name as the requested index', byName.spec, spec);
  }
  const byKey = indexes.find((index) => {
    return isSame(index.spec.doc['key'], spec.doc['key']) && isSame(index.spec.partial?.filter, spec.partial?.filter);
  });
  if (byKey === undefined) return false;
  const what = isSameIndex(byKey.spec, spec) ? 'a different name' : 'different options';
  throw conflict(85, `Index already exists with ${what}`, byKey.spec, spec);
}

function isSameIndex(a: IndexSpec, b: IndexSpec): boolean {
  return (
    isSame(a.doc['key'], b.doc['key']) &&
    isSame(a.partial?.filter, b.partial?.filter) &&
    a.unique === b.unique &&
    a.sparse === b.sparse
  );
}

function conflict(code: number, what: string, existing: IndexSpec, requested: IndexSpec): CommandError {
  return new CommandError(
    code,
    `${what}. Requested index: ${show(requested.doc)}, existing index: ${show(existing.doc)}`,
  );
}

function existingCollection(context: Context): Collection {
  const collection = collectionOf(context);
  if (collection === undefined) throw new CommandError(26, `ns does not exist: ${namespaceOf(context)}`);
  return collection;
}

function listIndexes(context: Context): CursorReply {
  const { indexes } = existingCollection(context);
  return context.cursors.first(
    namespaceOf(context),
    indexes.map(({ spec }) => encode(spec.doc)),
  );
}

/** Manual: "dropIndexes". Drops an index by name, or with `*` all indexes except `_id_`. */
function dropIndexes(context: Context): Doc {
  const collection = existingCollection(context);
  const nIndexesWas = collection.indexes.length;
  const name = toText(context.command['index'], 'dropIndexes.index');
  if (name === '_id_') throw new CommandError(72, 'cannot drop _id index');
  const wanted = collection.indexes.filter(({ spec }) => (name === '*' ? spec.name !== '_id_' : spec.name === name));
  if (wanted.length === 0 && name !== '*') throw new CommandError(27, `index not found with name [${name}]`);
  for (const index of wanted) collection.dropIndex(index);
  context.cursors.killAll(collection.namespace);
  return { nIndexesWas };
}
