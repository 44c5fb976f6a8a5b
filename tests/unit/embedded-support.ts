import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { onTestFinished } from 'vitest';
import { startEmbeddedDatabase } from '../../src/database/embedded/index.js';
import type { EmbeddedDatabase } from '../../src/database/embedded/index.js';

export interface Row {
  _id?: number | object | null;
  [field: string]: unknown;
}

export interface Place {
  readonly directory: string;
  readonly socketPath: string;
}

/** A new folder and socket path, removed after the test. */
export async function newPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'lectern-embedded-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory: join(directory, 'data'), socketPath: join(directory, 'db.sock') };
}

/** Starts a database that is closed after the test. */
export async function started(place: Place): Promise<EmbeddedDatabase> {
  const database = await startEmbeddedDatabase(place);
  onTestFinished(() => database.close());
  return database;
}

export async function connected(database: EmbeddedDatabase): Promise<mongo.Db> {
  const client = await new mongo.MongoClient(database.uri()).connect();
  onTestFinished(() => client.close());
  return client.db();
}

let shared: Promise<mongo.MongoClient> | undefined;
let made = 0;

/** A new, empty database on a server that all tests of this process share. */
export async function newDb(): Promise<mongo.Db> {
  shared ??= startShared();
  return (await shared).db(`db-${String((made += 1))}`);
}

async function startShared(): Promise<mongo.MongoClient> {
  const directory = await mkdtemp(join(tmpdir(), 'lectern-embedded-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const server = await startEmbeddedDatabase({
    directory: join(directory, 'data'),
    socketPath: join(directory, 'db.sock'),
  });
  return new mongo.MongoClient(server.uri()).connect();
}
