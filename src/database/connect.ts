import mongoose, { type mongo } from 'mongoose';
import { LecternError } from '../errors.js';
import type { Timings } from '../timings.js';
import { recogniseDatabaseError } from './database-errors.js';

export interface DatabaseOptions {
  /** A MongoDB connection string. The embedded database has one, too. */
  readonly uri: string;
  /** The time-outs of the driver, in milliseconds. */
  readonly timings: Pick<Timings, 'databaseOperation' | 'databaseSelection' | 'databaseConnect'>;
}

type IndexKey = mongo.IndexDescription['key'];

export interface Database {
  /** Resolves when the database answers within `withinMs` milliseconds. Otherwise rejects with DATABASE_UNAVAILABLE. */
  check(withinMs: number): Promise<void>;
  /** Creates the indexes that the models declare and that do not exist yet. */
  ensureIndexes(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects every model of this process to one database.
 * @throws DATABASE_UNAVAILABLE when no server answers.
 * @throws {DatabaseUriError} when the driver does not accept an option of the connection string.
 */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  mongoose.set('strictQuery', 'throw');
  try {
    await mongoose.connect(options.uri, {
      autoCreate: false,
      autoIndex: false,
      bufferCommands: false,
      serverSelectionTimeoutMS: options.timings.databaseSelection,
      connectTimeoutMS: options.timings.databaseConnect,
      timeoutMS: options.timings.databaseOperation,
    });
  } catch (error) {
    await mongoose.disconnect();
    throw recogniseDatabaseError(error) ?? uriErrorOf(error) ?? error;
  }
  return { check, ensureIndexes, close: () => mongoose.disconnect() };
}

/** The driver refuses an option or a value of the connection string. The message says which. */
export class DatabaseUriError extends Error {
  constructor(cause: Error) {
    super(`MONGODB_URI: the driver does not accept it (${cause.message}). Correct it.`, { cause });
    this.name = 'DatabaseUriError';
  }
}

function uriErrorOf(error: unknown): DatabaseUriError | undefined {
  const { MongoAPIError, MongoParseError } = mongoose.mongo;
  return error instanceof MongoParseError || error instanceof MongoAPIError ? new DatabaseUriError(error) : undefined;
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

/** Uses the driver, because mongoose has no option for a longer time-out, and building an index can take long. */
async function ensureIndexes(): Promise<void> {
  for (const { schema, collection } of Object.values(mongoose.models)) {
    const declared = (schema as mongoose.Schema).indexes() as [IndexKey, mongo.CreateIndexesOptions][];
    const indexes = declared.map(([key, options]) => ({ ...options, key }));
    if (indexes.length > 0) await collection.createIndexes(indexes, { timeoutMS: 0 });
  }
}
