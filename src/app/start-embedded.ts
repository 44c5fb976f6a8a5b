import type { DataDir } from '../data-dir/data-dir.js';
import { DatabaseSocket } from '../data-dir/database-socket.js';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../database/embedded/index.js';

/**
 * Starts the embedded database of this folder in this process.
 * @throws {EmbeddedDatabaseLockedError} when another process has it open.
 */
export async function startEmbedded(dataDir: DataDir): Promise<EmbeddedDatabase> {
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
