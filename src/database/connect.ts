import mongoose, { type mongo } from 'mongoose';
import { LecternError } from '../errors.js';
import type { Timings } from '../timings.js';
import { recogniseDatabaseError } from './database-errors.js';

export interface DatabaseOptions {
  /** A MongoDB connection string; the embedded database has one, too. */
  readonly uri: string;
  /** How long the driver waits. */
  readonly timings: Pick<Timings, 'databaseOperation' | 'databaseSelection' | 'databaseConnect'>;
}

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
      serverSelectionTimeoutMS: options.timings.databaseSelection,
      connectTimeoutMS: options.timings.databaseConnect,
      timeoutMS: options.timings.databaseOperation,
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
