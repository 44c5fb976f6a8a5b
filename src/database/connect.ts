import mongoose from 'mongoose';
import { LecternError } from '../errors.js';
import { recogniseDatabaseError } from './database-errors.js';

export interface DatabaseOptions {
  /** A MongoDB connection string; the embedded database has one, too. */
  readonly uri: string;
}

/** How long an operation looks for a server that can take it before it gives up, in milliseconds. */
const SERVER_SELECTION_TIMEOUT_MS = 5_000;
/** How long a connection may be silent in the middle of an operation, in milliseconds. */
const SOCKET_TIMEOUT_MS = 20_000;

export interface Database {
  /** Resolves when the database answers, else rejects with DATABASE_UNAVAILABLE. For readiness. */
  check(): Promise<void>;
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
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
    });
  } catch (error) {
    await mongoose.disconnect();
    throw recogniseDatabaseError(error) ?? error;
  }
  return { check, ensureIndexes, close: () => mongoose.disconnect() };
}

async function check(): Promise<void> {
  const { db } = mongoose.connection;
  if (!db) throw new LecternError('DATABASE_UNAVAILABLE');
  try {
    await db.command({ ping: 1 });
  } catch (error) {
    throw recogniseDatabaseError(error) ?? error;
  }
}

async function ensureIndexes(): Promise<void> {
  for (const model of Object.values(mongoose.models)) await model.createIndexes();
}
