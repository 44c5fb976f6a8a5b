import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type DataDir, DataDirError, PRIVATE_DIR } from './data-dir.js';
import { readIfThere, writePrivate } from './private-file.js';

/** The longest path that a Unix socket can have, in bytes (sun_path less its closing NUL). */
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;
const SOCKET_NAME = /^[0-9a-f]{8}\.sock$/;
const TEMPORARY_DIR_PREFIX = 'lectern-';

/** The Unix socket of an embedded database. Each start has a new socket. Only this user can open its folder. */
export class DatabaseSocket {
  private constructor(
    readonly path: string,
    private readonly announcement: string,
  ) {}

  /**
   * Chooses a new path for the socket of an embedded database that is about to start. Does not change the socket of a
   * running one. The path is in DATA_DIR, or in a temporary folder when the path of DATA_DIR is too long for a socket.
   */
  static async reserve(dataDir: DataDir): Promise<DatabaseSocket> {
    return dataDir.use(async () => {
      const dir = join(dataDir.path, 'run');
      await mkdir(dir, { recursive: true, mode: PRIVATE_DIR });
      await chmod(dir, PRIVATE_DIR);
      const name = `${randomBytes(4).toString('hex')}.sock`;
      if (fitsSocket(join(dir, name))) return new DatabaseSocket(join(dir, name), announcementOf(dataDir));
      const temporary = await mkdtemp(join(temporaryRoot(name), TEMPORARY_DIR_PREFIX));
      return new DatabaseSocket(join(temporary, name), announcementOf(dataDir));
    });
  }

  /** Returns the socket path of the embedded database that runs on this DATA_DIR. Returns null when none answers. */
  static async running(dataDir: DataDir): Promise<string | null> {
    const path = await dataDir.use(() => readIfThere(announcementOf(dataDir)));
    return path !== null && (await answers(path)) ? path : null;
  }

  /**
   * Writes the path of the socket to a file for the commands, and removes the sockets of servers that were killed. Call
   * it only while this process holds the database's lock, because then no other socket in this folder is in use.
   */
  async announce(): Promise<void> {
    const previous = await readIfThere(this.announcement);
    if (previous !== null && previous !== this.path) await removeSocket(previous);
    const siblings = await readdir(dirname(this.path));
    for (const name of siblings) {
      if (SOCKET_NAME.test(name) && name !== basename(this.path)) await removeSocket(join(dirname(this.path), name));
    }
    const draft = `${this.announcement}.${process.pid}`;
    await writePrivate(draft, `${this.path}\n`);
    await rename(draft, this.announcement);
  }

  /** Removes the file with the path, if it names this socket, and the socket. */
  async withdraw(): Promise<void> {
    if ((await readIfThere(this.announcement)) === this.path) await rm(this.announcement, { force: true });
    await removeSocket(this.path);
  }
}

/** The file that contains the path of the running server's socket. */
function announcementOf(dataDir: DataDir): string {
  return join(dataDir.path, 'database.socket');
}

/** Removes a socket that Lectern made, and its temporary folder, if it has one. Ignores failures, which do no harm. */
async function removeSocket(path: string): Promise<void> {
  if (!SOCKET_NAME.test(basename(path))) return;
  const dir = dirname(path);
  const found = await lstat(path).catch(() => null);
  if (found?.isSocket()) await rm(path, { force: true }).catch(() => undefined);
  if (basename(dir).startsWith(TEMPORARY_DIR_PREFIX)) await rmdir(dir).catch(() => undefined);
}

/** Returns a folder for temporary folders in which the path of a socket is short enough. */
function temporaryRoot(socketName: string): string {
  const roots = [tmpdir(), '/tmp'];
  const root = roots.find((candidate) => fitsSocket(join(candidate, `${TEMPORARY_DIR_PREFIX}XXXXXX`, socketName)));
  if (root === undefined) {
    throw new DataDirError(
      'The paths of DATA_DIR and of the temporary folder are too long for a socket. Set DATA_DIR to a shorter path.',
    );
  }
  return root;
}

function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}
