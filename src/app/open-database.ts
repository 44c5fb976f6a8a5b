import type { Config } from '../config.js';
import type { DataDir } from '../data-dir/data-dir.js';
import { DatabaseSocket } from '../data-dir/database-socket.js';
import { connectDatabase, type Database } from '../database/connect.js';
import { type EmbeddedDatabase, embeddedUri } from '../database/embedded/index.js';
import { timingsOf } from './options.js';
import { startEmbedded } from './start-embedded.js';

export interface OpenDatabaseOptions {
  /** For commands: uses the embedded database of the server that runs on the same DATA_DIR, if there is one. */
  readonly besideServer?: boolean;
  /** For the server: its embedded database, which is starting meanwhile. It is closed with the connection. */
  readonly embedded?: Promise<EmbeddedDatabase> | undefined;
}

/** Connects to MongoDB when it is configured, else to the embedded database. Callers use both in the same way. */
export async function openDatabase(config: Config, dataDir: DataDir, options: OpenDatabaseOptions): Promise<Database> {
  const { mongodbUri } = config.database;
  const timings = timingsOf(config);
  if (mongodbUri !== undefined) return connectDatabase({ uri: mongodbUri, timings });
  const runningSocket = options.besideServer ? await DatabaseSocket.running(dataDir) : null;
  if (runningSocket !== null) return connectDatabase({ uri: embeddedUri(runningSocket), timings });
  const embedded = await (options.embedded ?? startEmbedded(dataDir));
  try {
    const database = await connectDatabase({ uri: embedded.uri(), timings });
    return { ...database, close: () => database.close().then(() => embedded.close()) };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}
