import mongoose, { type mongo } from 'mongoose';
import { recogniseDatabaseError } from './database-errors.js';

/** A connection to a database besides the one that the models of this process use. */
export interface DetachedDatabase {
  readonly db: mongo.Db;
  /** The hosts and the name of the database, without user name and password. */
  readonly name: string;
  close(): Promise<void>;
}

/**
 * Connects to a database by its connection string.
 * @param selectionMs How long the driver looks for a server, in milliseconds.
 * @throws DATABASE_UNAVAILABLE when no server answers.
 */
export async function connectDetached(uri: string, selectionMs: number): Promise<DetachedDatabase> {
  const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: selectionMs });
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw recogniseDatabaseError(error) ?? error;
  }
  const db = client.db();
  const hosts = client.options.srvHost ?? client.options.hosts.map(String).join(',');
  return { db, name: `${hosts}/${db.databaseName}`, close: () => client.close() };
}

/** The collections with records: those of all models, except the leases, which only concern running servers. */
export function recordCollections(): string[] {
  const names = Object.values(mongoose.models).map(({ collection }) => collection.name);
  return names.filter((name) => name !== 'leases').sort();
}

/** Whether one of the collections with records contains a document. */
export async function holdsRecords(db: mongo.Db): Promise<boolean> {
  for (const name of recordCollections()) {
    if ((await db.collection(name).findOne({}, { projection: { _id: 1 } })) !== null) return true;
  }
  return false;
}

/** Returns the database that the models of this process use. */
export function connectedDatabase(): mongo.Db {
  const { db } = mongoose.connection;
  if (!db) throw new Error('There is no connection to a database.');
  return db;
}
