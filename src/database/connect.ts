import mongoose, { type mongo } from 'mongoose';
import { LecternError } from '../errors.js';
import { recogniseDatabaseError } from './database-errors.js';

export interface DatabaseOptions {
  /** A MongoDB connection string; the embedded database has one, too. */
  readonly uri: string;
}

/**
 * How long one operation may take in all, in milliseconds: finding a server, waiting for a connection, the answer, and
 * every retry. A request that meets a dead database needs two at most, the second to see what became of the first.
 * https://www.mongodb.com/docs/drivers/node/current/connect/connection-options/csot/
 */
const OPERATION_TIMEOUT_MS = 10_000;
/** How long of that an operation looks for a server that can take it, in milliseconds. */
const SERVER_SELECTION_TIMEOUT_MS = 5_000;
/**
 * How long a new connection may take, and the driver's own probe of the server, in milliseconds. A probe that fails
 * ends the connections that have gone silent, so that none of them is used when the server is back.
 */
const CONNECT_TIMEOUT_MS = 5_000;

type IndexKey = mongo.IndexDescription['key'];

export interface Database {
  /** Resolves when the database answers within so many milliseconds, else rejects with DATABASE_UNAVAILABLE. */
  check(withinMs: number): Promise<void>;
  /** Makes every index that the models declare. Existing ones cost nothing. */
  ensureIndexes(): Promise<void>;
  close(): Promise<void>;
}

/** Connects every model of this process to one database. Rejects with DATABASE_UNAVAILABLE when there is none. */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  mongoose.set('strictQuery', 'throw');
  try {
    await mongoose.connect(options.uri, {
      autoCreate: false,
      autoIndex: false,
      bufferCommands: false,
      serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      timeoutMS: OPERATION_TIMEOUT_MS,
    });
  } catch (error) {
    await mongoose.disconnect();
    throw recogniseDatabaseError(error) ?? error;
  }
  return { check, ensureIndexes, close: () => mongoose.disconnect() };
}

async function check(withinMs: number): Promise<void> {
  const { db } = mongoose.connection;
  if (!db) throw new LecternError('DATABASE_UNAVAILABLE');
  try {
    await db.command({ ping: 1 }, { timeoutMS: withinMs });
  } catch (error) {
    throw recogniseDatabaseError(error) ?? error;
  }
}

/** By the driver, since mongoose has no way to say that an index of many records may take longer than a request. */
async function ensureIndexes(): Promise<void> {
  for (const { schema, collection } of Object.values(mongoose.models)) {
    const declared = (schema as mongoose.Schema).indexes() as [IndexKey, mongo.CreateIndexesOptions][];
    const indexes = declared.map(([key, options]) => ({ ...options, key }));
    if (indexes.length > 0) await collection.createIndexes(indexes, { timeoutMS: 0 });
  }
}
