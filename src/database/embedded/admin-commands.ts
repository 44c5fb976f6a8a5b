import type { Collection } from './collection.js';
import { collectionName, collectionOf, docField } from './command.js';
import type { Command, Context } from './command.js';
import type { CursorReply } from './encoded.js';
import { compileFilter } from './match.js';
import { encode, MAX_DOCUMENT_BYTES, truthy } from './values.js';
import type { Doc } from './values.js';
import { MAX_MESSAGE_BYTES } from './wire.js';

/** The server implements commands of MongoDB 7.0. Drivers adapt to these two numbers. */
const WIRE_VERSION = 21;
const VERSION = '7.0.0';

const HELLO: Command = {
  // Drivers of all versions describe themselves in a hello. Like MongoDB, accept every field.
  fields: 'any',
  run: ({ command }) => ({
    ...('hello' in command ? {} : { ismaster: true }),
    isWritablePrimary: true,
    helloOk: true,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION,
    readOnly: false,
  }),
};

/** The commands about the server, its databases and collections (manual: "Administration Commands"). */
export const ADMIN_COMMANDS: Readonly<Record<string, Command>> = {
  hello: HELLO,
  ismaster: HELLO,
  ping: { fields: [], run: () => ({}) },
  endSessions: { fields: [], run: () => ({}) },
  buildInfo: { fields: [], run: () => ({ version: VERSION, modules: ['lectern-embedded'] }) },
  listDatabases: { fields: ['filter', 'nameOnly', 'authorizedDatabases'], run: listDatabases },
  dropDatabase: { fields: [], writes: true, run: dropDatabase },
  create: { fields: [], writes: true, run: create },
  drop: { fields: [], writes: true, run: drop },
  listCollections: { fields: ['filter', 'nameOnly', 'cursor', 'authorizedCollections'], run: listCollections },
};

function listDatabases({ store, command }: Context): Doc {
  const names = store.databaseNames().map((name) => ({ name }));
  const databases = names.filter(compileFilter(docField(command, 'filter') ?? {}));
  if (truthy(command['nameOnly'])) return { databases };
  return { databases: databases.map(({ name }) => ({ name, sizeOnDisk: 0, empty: false })), totalSize: 0 };
}

function dropDatabase(context: Context): Doc {
  for (const collection of context.store.collectionsOf(context.db)) dropCollection(context, collection);
  return { dropped: context.db };
}

/** Manual: "create". Plain collections only. Does nothing when the collection exists, as in MongoDB since 7.0. */
function create(context: Context): Doc {
  context.store.findOrCreate(context.db, collectionName(context));
  return {};
}

/** Succeeds when the collection does not exist, as in MongoDB since 7.0. */
function drop(context: Context): Doc {
  const collection = collectionOf(context);
  if (collection === undefined) return {};
  const nIndexesWas = collection.indexes.length;
  dropCollection(context, collection);
  return { nIndexesWas, ns: collection.namespace };
}

function dropCollection({ store, cursors }: Context, collection: Collection): void {
  store.drop(collection);
  cursors.killAll(collection.namespace);
}

function listCollections({ store, cursors, db, command }: Context): CursorReply {
  const all = store.collectionsOf(db).map(({ name, indexes }): Doc => {
    const idIndex = indexes[0]?.spec.doc;
    return { name, type: 'collection', options: {}, info: { readOnly: false }, idIndex };
  });
  const found = all.filter(compileFilter(docField(command, 'filter') ?? {}));
  const nameOnly = truthy(command['nameOnly']);
  const docs = found.map((doc) => (nameOnly ? { name: doc['name'], type: doc['type'] } : doc));
  return cursors.first(`${db}.$cmd.listCollections`, docs.map(encode));
}
