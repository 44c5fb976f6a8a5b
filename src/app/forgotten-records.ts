import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { DataDir } from '../data-dir/data-dir.js';
import { connectDetached, connectedDatabase, holdsRecords } from '../database/detached-database.js';
import { startEmbedded } from './start-embedded.js';
import { timingsOf } from './options.js';

/**
 * Logs a warning when MongoDB is used and has no records, but the embedded database in DATA_DIR has some. After
 * MONGODB_URI was set for the first time, the catalogue would otherwise be empty without a word.
 */
export async function warnOfForgottenRecords(config: Config, dataDir: DataDir, logger: Logger): Promise<void> {
  if (config.database.mongodbUri === undefined) return;
  if ((await holdsRecords(connectedDatabase())) || !(await dataDir.hasDatabase())) return;
  if (!(await embeddedHoldsRecords(config, dataDir))) return;
  logger.warn(
    { dataDir: dataDir.path },
    'The database of MONGODB_URI has no records, but the embedded database in DATA_DIR has: it was used before ' +
      'MONGODB_URI was set. To take its records along, stop the server and run: lectern copy-database --to mongodb',
  );
}

/** Returns true also when another process has the embedded database open, because then a server is using it. */
async function embeddedHoldsRecords(config: Config, dataDir: DataDir): Promise<boolean> {
  try {
    const embedded = await startEmbedded(dataDir);
    try {
      const database = await connectDetached(embedded.uri(), timingsOf(config).databaseSelection);
      return await holdsRecords(database.db).finally(() => database.close());
    } finally {
      await embedded.close();
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'EmbeddedDatabaseLockedError') return true;
    throw error;
  }
}
