import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** The folder DATA_DIR cannot be used as it is. The message says what to do. */
export class DataDirError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DataDirError';
  }
}

/** The settings that decide which secret tokens are verified with. */
export interface AuthSecretSettings {
  readonly production: boolean;
  readonly auth: { readonly secret?: string; readonly jwksUrl?: string };
}

/** The settings that decide which secret the URLs of local files are signed with. */
export interface UrlSigningSecretSettings {
  readonly production: boolean;
  readonly auth: { readonly secret?: string };
  readonly storage: { readonly urlSigningSecret?: string };
}

const PRIVATE_DIR = 0o700;
const PRIVATE_FILE = 0o600;
const SECRET_BYTES = 32;
const SECRET_NAME = /^[a-z]+(-[a-z]+)*$/;
const WHOLE_SECRET = /^[\w-]{43,}$/;

/** The longest path that a Unix socket can have, in bytes (sun_path less its closing NUL). */
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;
const SOCKET_NAME = /^[0-9a-f]{8}\.sock$/;
const TEMPORARY_DIR_PREFIX = 'lectern-';

/** What the server keeps by itself in one folder: secrets made once, the embedded database, and where its socket is. */
export class DataDir {
  private constructor(readonly path: string) {}

  /** Opens the folder, made when absent for this user alone. */
  static async open(path: string): Promise<DataDir> {
    const dataDir = new DataDir(resolve(path));
    await explained(dataDir.path, () => mkdir(dataDir.path, { recursive: true, mode: PRIVATE_DIR }));
    return dataDir;
  }

  /** The folder of the embedded database, which makes it. */
  get databaseDir(): string {
    return join(this.path, 'database');
  }

  /** A random secret, made once and the same ever after, also for processes that ask for the first time at once. */
  async secret(name: string): Promise<string> {
    if (!SECRET_NAME.test(name)) throw new RangeError(`No name for a secret: ${name}`);
    const dir = join(this.path, 'secrets');
    const path = join(dir, name);
    return explained(this.path, async () => {
      await mkdir(dir, { recursive: true, mode: PRIVATE_DIR });
      const secret = (await readIfThere(path)) ?? (await makeSecret(path));
      if (!WHOLE_SECRET.test(secret)) {
        throw new DataDirError(`${path} is damaged. Delete it: the next start makes a new one.`);
      }
      return secret;
    });
  }

  /** A new path for the socket of an embedded database that is about to start. Nothing of a running one is touched. */
  async newSocket(): Promise<DatabaseSocket> {
    return explained(this.path, async () => {
      const dir = join(this.path, 'run');
      await mkdir(dir, { recursive: true, mode: PRIVATE_DIR });
      await chmod(dir, PRIVATE_DIR);
      const name = `${randomBytes(4).toString('hex')}.sock`;
      if (fitsSocket(join(dir, name))) return new DatabaseSocket(join(dir, name), this.announcement);
      const temporary = await mkdtemp(join(temporaryRoot(name), TEMPORARY_DIR_PREFIX));
      return new DatabaseSocket(join(temporary, name), this.announcement);
    });
  }

  /** The socket of the embedded database that a server runs on this folder now; null when none answers. */
  async runningSocket(): Promise<string | null> {
    const path = await explained(this.path, () => readIfThere(this.announcement));
    return path !== null && (await answers(path)) ? path : null;
  }

  /** The file in which a running server says where its socket is. */
  private get announcement(): string {
    return join(this.path, 'database.socket');
  }
}

/** The socket of one start of the embedded database. Its folder is open to this user alone. */
export class DatabaseSocket {
  constructor(
    readonly path: string,
    private readonly announcement: string,
  ) {}

  /**
   * Tells the commands where the socket is, and clears away what a killed predecessor left. Only for the process that
   * holds the database's lock: that is what makes every other socket a leftover.
   */
  async announce(): Promise<void> {
    const previous = await readIfThere(this.announcement);
    if (previous !== null && previous !== this.path) await removeSocket(previous);
    const siblings = await readdir(dirname(this.path));
    for (const name of siblings) {
      if (SOCKET_NAME.test(name) && name !== basename(this.path)) await removeSocket(join(dirname(this.path), name));
    }
    const draft = `${this.announcement}.${process.pid}`;
    await writeDurably(draft, `${this.path}\n`);
    await rename(draft, this.announcement);
  }

  /** Takes the announcement back and removes the socket. Also right when nothing was announced. */
  async withdraw(): Promise<void> {
    if ((await readIfThere(this.announcement)) === this.path) await rm(this.announcement, { force: true });
    await removeSocket(this.path);
  }
}

/**
 * The secret that HS256 tokens are made and verified with, the same for the server and the commands; undefined when
 * only a key set verifies tokens, or in production.
 */
export async function authSecret(settings: AuthSecretSettings, dataDir: DataDir): Promise<string | undefined> {
  const { secret, jwksUrl } = settings.auth;
  if (secret !== undefined) return secret;
  return jwksUrl !== undefined || settings.production ? undefined : dataDir.secret('auth');
}

/** The secret that the URLs of local files are signed with; undefined in production when none is configured. */
export async function urlSigningSecret(
  settings: UrlSigningSecretSettings,
  dataDir: DataDir,
): Promise<string | undefined> {
  const configured = settings.storage.urlSigningSecret ?? settings.auth.secret;
  if (configured !== undefined) return configured;
  return settings.production ? undefined : dataDir.secret('url-signing');
}

/** Writes the secret whole under another name first; of several links to the same name only one succeeds. */
async function makeSecret(path: string): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeDurably(draft, `${secret}\n`);
  try {
    await link(draft, path);
    return secret;
  } catch (error) {
    const winner = codeOf(error) === 'EEXIST' ? await readIfThere(path) : null;
    if (winner === null) throw error;
    return winner;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', PRIVATE_FILE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Removes a socket of ours, and the temporary folder made for it. Nothing else; a leftover does no harm. */
async function removeSocket(path: string): Promise<void> {
  if (!SOCKET_NAME.test(basename(path))) return;
  const dir = dirname(path);
  const found = await lstat(path).catch(() => null);
  if (found?.isSocket()) await rm(path, { force: true }).catch(() => undefined);
  if (basename(dir).startsWith(TEMPORARY_DIR_PREFIX)) await rmdir(dir).catch(() => undefined);
}

/** A folder for temporary folders whose sockets' paths are short enough. */
function temporaryRoot(socketName: string): string {
  const roots = [tmpdir(), '/tmp'];
  const root = roots.find((candidate) => fitsSocket(join(candidate, `${TEMPORARY_DIR_PREFIX}XXXXXX`, socketName)));
  if (root === undefined) throw new DataDirError('DATA_DIR and the temporary folder both have too long a path.');
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

/** Failures of the file system say which setting they come from. */
async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const reason = error instanceof Error ? error.message : code;
    throw new DataDirError(
      `DATA_DIR: ${path} cannot be used (${reason}). Set DATA_DIR to a folder that this user may write to.`,
      error,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
