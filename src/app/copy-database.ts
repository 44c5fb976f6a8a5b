import type { Config } from '../config.js';
import { DataDir } from '../data-dir/data-dir.js';
import { type CopiedCollection, type CopyOptions, copyRecords } from '../database/copy-records.js';
import { connectDetached, type DetachedDatabase } from '../database/detached-database.js';
import { startEmbedded } from './start-embedded.js';
import { timingsOf } from './options.js';

export type CopyTarget = 'mongodb' | 'embedded';

/**
 * Copies all records between the database of MONGODB_URI and the embedded database in DATA_DIR.
 * @param mongodbUri MONGODB_URI.
 * @throws {EmbeddedDatabaseLockedError} when a server runs on DATA_DIR.
 * @throws {CopyError} as `copyRecords`.
 */
export async function copyDatabase(
  config: Config,
  mongodbUri: string,
  to: CopyTarget,
  options: Pick<CopyOptions, 'signal' | 'onProgress'>,
): Promise<CopiedCollection[]> {
  const selectionMs = timingsOf(config).databaseSelection;
  const dataDir = await DataDir.open(config.database.dataDir);
  const mongodb = await connectDetached(mongodbUri, selectionMs);
  try {
    const embedded = await startEmbedded(dataDir);
    try {
      const connection = await connectDetached(embedded.uri(), selectionMs);
      const local: DetachedDatabase = { ...connection, name: dataDir.databaseDir };
      const [source, target] = to === 'mongodb' ? [local, mongodb] : [mongodb, local];
      return await copyRecords({ source, target, ...options }).finally(() => connection.close());
    } finally {
      await embedded.close();
    }
  } finally {
    await mongodb.close();
  }
}
