import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf } from './private-file.js';

/** The folder DATA_DIR cannot be used as it is. The message says what to do. */
export class DataDirError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DataDirError';
  }
}

/** Only this user may list, read and write. */
export const PRIVATE_DIR = 0o700;

/** The folder in which a server keeps what nobody has configured: secrets, the embedded database and its socket. */
export class DataDir {
  private constructor(readonly path: string) {}

  /**
   * Opens the folder. When there is none, makes one that only this user may enter.
   * @throws {DataDirError} when it cannot be made.
   */
  static async open(path: string): Promise<DataDir> {
    const dataDir = new DataDir(resolve(path));
    await dataDir.use(() => mkdir(dataDir.path, { recursive: true, mode: PRIVATE_DIR }));
    return dataDir;
  }

  /** The path of the embedded database's folder. The database makes the folder. */
  get databaseDir(): string {
    return join(this.path, 'database');
  }

  /**
   * Runs work on files in this folder. A failure of the file system becomes a DataDirError, which names the setting;
   * every other failure is thrown as it is.
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      const reason = error instanceof Error ? error.message : code;
      throw new DataDirError(
        `DATA_DIR: ${this.path} cannot be used (${reason}). Set DATA_DIR to a folder that this user may write to.`,
        error,
      );
    }
  }
}
