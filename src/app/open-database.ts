import type { Config } from '../config.js';
import type { DataDir } from '../data-dir/data-dir.js';
import { DatabaseSocket } from '../data-dir/database-socket.js';
import { connectDatabase, type Database } from '../database/connect.js';
import type { EmbeddedDatabase } from '../database/embedded/index.js';
import { timingsOf } from './options.js';

/** Connects to MongoDB when it is configured, else to the embedded database. Callers use both in the same way. */
export async function openDatabase(config: Config, dataDir: DataDir, besideServer: boolean): Promise<Database> {
  const { mongodbUri } = config.database;
  const timings = timingsOf(config);
  if (mongodbUri !== undefined) return connectDatabase({ uri: mongodbUri, timings });
  // Loaded on demand: a server with MongoDB does not need it.
  const { embeddedUri } = await import('../database/embedded/index.js');
  const runningSocket = besideServer ? await DatabaseSocket.running(dataDir) : null;
  if (runningSocket !== null) return connectDatabase({ uri: embeddedUri(runningSocket), timings });
  const embedded = await startEmbedded(dataDir);
  try {
    const database = await connectDatabase({ uri: embedded.uri(), timings });
    return { ...database, close: () => database.close().then(() => embedded.close()) };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

/**
 * Starts the embedded database of this folder in this process.
 * @throws {EmbeddedDatabaseLockedError} when another process has it open.
 */
export async function startEmbedded(dataDir: DataDir): Promise<EmbeddedDatabase> {
  const { startEmbeddedDatabase } = await import('../database/embedded/index.js');
  const socket = await DatabaseSocket.reserve(dataDir);
  let embedded: EmbeddedDatabase | undefined;
  const close = async (): Promise<void> => {
    await embedded?.close();
    await socket.withdraw();
  };
  try {
    embedded = await startEmbeddedDatabase({ directory: dataDir.databaseDir, socketPath: socket.path });
    await socket.announce();
    return { ...embedded, close };
  } catch (error) {
    await close();
    throw error;
  }
}
