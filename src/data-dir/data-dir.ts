import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, writePrivate } from './private-file.js';

/** The folder DATA_DIR cannot be used. The message says what to do. */
export class DataDirError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DataDirError';
  }
}

/** The mode of folders that only this user may read and write. */
export const PRIVATE_DIR = 0o700;

/** The folder DATA_DIR: generated secrets, the embedded database and its socket. */
export class DataDir {
  private constructor(readonly path: string) {}

  /**
   * Opens the folder. Creates it, for this user only, when it does not exist.
   * @throws {DataDirError} when it cannot be created.
   */
  static async open(path: string): Promise<DataDir> {
    const dataDir = new DataDir(resolve(path));
    await dataDir.use(() => mkdir(dataDir.path, { recursive: true, mode: PRIVATE_DIR }));
    return dataDir;
  }

  /** The path of the embedded database's folder. The database creates the folder. */
  get databaseDir(): string {
    return join(this.path, 'database');
  }

  /** Writes a file and removes it. @throws {DataDirError} when this user may not, or the file system is read-only. */
  async assertWritable(): Promise<void> {
    const probe = join(this.path, `probe-${process.pid}`);
    await this.use(async () => {
      await writePrivate(probe, 'lectern doctor');
      await rm(probe);
    });
  }

  /** Whether an embedded database was used in this folder. */
  async hasDatabase(): Promise<boolean> {
    return this.use(async () => {
      const names = await readdir(this.databaseDir).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      });
      return names.length > 0;
    });
  }

  /**
   * Runs work on files in this folder. Errors of the file system are thrown as a DataDirError, which names the setting.
   * Other errors are thrown unchanged.
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
