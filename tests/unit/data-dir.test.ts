import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDir, DataDirError } from '../../src/data-dir/data-dir.js';
import { DatabaseSocket } from '../../src/data-dir/database-socket.js';
import { authSecret, keptSecret, urlSigningSecret } from '../../src/data-dir/secrets.js';

const SOCKET_LIMIT = process.platform === 'darwin' ? 103 : 107;

let root: string;
let servers: Server[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'data-dir-test-'));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await closed(server);
  rmSync(root, { recursive: true });
});

const mode = (path: string): number => statSync(path).mode & 0o777;
const closed = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));
const longDir = (): Promise<DataDir> => DataDir.open(join(root, 'x'.repeat(SOCKET_LIMIT)));

async function listeningOn(socket: DatabaseSocket): Promise<Server> {
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((listening) => server.listen(socket.path, listening));
  servers.push(server);
  return server;
}

describe('DATA_DIR', () => {
  it('is created with its parents, readable by this user only', async () => {
    const dataDir = await DataDir.open(join(root, 'a/b'));
    expect(mode(dataDir.path)).toBe(0o700);
    expect(dataDir.databaseDir).toBe(join(root, 'a/b/database'));
  });

  it('may exist already', async () => {
    await expect(DataDir.open(root)).resolves.toMatchObject({ path: root });
  });

  it('is refused with a remedy when it is not a folder', async () => {
    writeFileSync(join(root, 'file'), '');
    const attempt = DataDir.open(join(root, 'file'));
    await expect(attempt).rejects.toThrow(DataDirError);
    await expect(attempt).rejects.toThrow(/DATA_DIR: .*file cannot be used .* Set DATA_DIR/);
  });
});

describe('a stored secret', () => {
  it('is random, readable by this user only, and the same at each start', async () => {
    const dataDir = await DataDir.open(root);
    const secret = await keptSecret(dataDir, 'auth');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(mode(join(root, 'secrets/auth'))).toBe(0o600);
    expect(mode(join(root, 'secrets'))).toBe(0o700);
    await expect(keptSecret(await DataDir.open(root), 'auth')).resolves.toBe(secret);
    await expect(keptSecret(dataDir, 'url-signing')).resolves.not.toBe(secret);
  });

  it('is the same for all processes that create it at the same time', async () => {
    const dirs = await Promise.all(Array.from({ length: 20 }, () => DataDir.open(root)));
    const secrets = await Promise.all(dirs.map((dir) => keptSecret(dir, 'auth')));
    expect(new Set(secrets).size).toBe(1);
    expect(readdirSync(join(root, 'secrets'))).toEqual(['auth']);
  });

  it.each(['', 'short\n', 'x'.repeat(42), `${'x'.repeat(43)} y`])(
    'that is damaged (%j) is refused',
    async (content) => {
      mkdirSync(join(root, 'secrets'));
      writeFileSync(join(root, 'secrets/auth'), content);
      await expect(keptSecret(await DataDir.open(root), 'auth')).rejects.toThrow(/auth is damaged. Delete it/);
    },
  );

  it.each(['', '../auth', 'Auth', 'a/b'])('cannot have the name %j', async (name) => {
    await expect(keptSecret(await DataDir.open(root), name)).rejects.toThrow(RangeError);
  });
});

describe('secret selection', () => {
  const SECRET = 's'.repeat(32);
  const jwksUrl = 'https://id.example.org/keys';

  it('finds the secret that verifies tokens', async () => {
    const dataDir = await DataDir.open(root);
    await expect(authSecret({ production: true, auth: { secret: SECRET } }, dataDir)).resolves.toBe(SECRET);
    await expect(authSecret({ production: true, auth: {} }, dataDir)).resolves.toBeUndefined();
    await expect(authSecret({ production: false, auth: { jwksUrl } }, dataDir)).resolves.toBeUndefined();
    expect(existsSync(join(root, 'secrets'))).toBe(false);
    const own = await authSecret({ production: false, auth: {} }, dataDir);
    expect(own).toBe(await keptSecret(dataDir, 'auth'));
  });

  it('finds the secret that signs URLs', async () => {
    const dataDir = await DataDir.open(root);
    const sign = (production: boolean, urlSecret?: string, secret?: string): Promise<string | undefined> => {
      const storage = urlSecret === undefined ? {} : { urlSigningSecret: urlSecret };
      return urlSigningSecret({ production, storage, auth: secret === undefined ? {} : { secret } }, dataDir);
    };
    await expect(sign(true, 'url', 'auth')).resolves.toBe('url');
    await expect(sign(true, undefined, 'auth')).resolves.toBe('auth');
    await expect(sign(true)).resolves.toBeUndefined();
    await expect(sign(false)).resolves.toBe(await keptSecret(dataDir, 'url-signing'));
  });
});

describe('the socket of the embedded database', () => {
  it('is in a private folder of DATA_DIR', async () => {
    const socket = await DatabaseSocket.reserve(await DataDir.open(root));
    expect(dirname(socket.path)).toBe(join(root, 'run'));
    expect(mode(dirname(socket.path))).toBe(0o700);
  });

  it('is in a folder that is made private when it was not', async () => {
    mkdirSync(join(root, 'run'), { mode: 0o755 });
    const socket = await DatabaseSocket.reserve(await DataDir.open(root));
    expect(mode(dirname(socket.path))).toBe(0o700);
  });

  it('is in a private temporary folder when its path would be too long, and is removed with it', async () => {
    const dataDir = await longDir();
    const socket = await DatabaseSocket.reserve(dataDir);
    expect(Buffer.byteLength(socket.path)).toBeLessThanOrEqual(SOCKET_LIMIT);
    expect(socket.path.startsWith(dataDir.path)).toBe(false);
    expect(mode(dirname(socket.path))).toBe(0o700);
    await listeningOn(socket);
    await socket.announce();
    await expect(DatabaseSocket.running(dataDir)).resolves.toBe(socket.path);
    await socket.withdraw();
    expect(existsSync(dirname(socket.path))).toBe(false);
    await expect(DatabaseSocket.running(dataDir)).resolves.toBeNull();
  });

  it('is found by commands from announce() until withdraw()', async () => {
    const dataDir = await DataDir.open(root);
    await expect(DatabaseSocket.running(dataDir)).resolves.toBeNull();
    const socket = await DatabaseSocket.reserve(dataDir);
    await listeningOn(socket);
    await expect(DatabaseSocket.running(dataDir)).resolves.toBeNull();
    await socket.announce();
    await expect(DatabaseSocket.running(dataDir)).resolves.toBe(socket.path);
    expect(mode(join(root, 'database.socket'))).toBe(0o600);
    await socket.withdraw();
    await expect(DatabaseSocket.running(dataDir)).resolves.toBeNull();
    expect(readdirSync(join(root, 'run'))).toEqual([]);
    expect(existsSync(join(root, 'database.socket'))).toBe(false);
  });

  it('of a killed server is not reported as running, and is removed at the next announcement', async () => {
    const dataDir = await DataDir.open(root);
    const killed = await DatabaseSocket.reserve(dataDir);
    writeFileSync(join(root, 'database.socket'), `${killed.path}\n`);
    await expect(DatabaseSocket.running(dataDir)).resolves.toBeNull();
    // A leftover socket file, as after kill -9. Closing the server removes it, so it is linked under a second name.
    const server = await listeningOn(killed);
    const leftover = join(root, 'run', '0123abcd.sock');
    linkSync(killed.path, leftover);
    await closed(server);
    servers.pop();
    const socket = await DatabaseSocket.reserve(dataDir);
    await listeningOn(socket);
    await socket.announce();
    expect(readdirSync(join(root, 'run'))).toEqual([basename(socket.path)]);
    expect(readFileSync(join(root, 'database.socket'), 'utf8')).toBe(`${socket.path}\n`);
  });

  it('of a second server that did not start leaves the running one reachable', async () => {
    const dataDir = await longDir();
    const first = await DatabaseSocket.reserve(dataDir);
    await listeningOn(first);
    await first.announce();
    const second = await DatabaseSocket.reserve(dataDir);
    await second.withdraw();
    expect(existsSync(dirname(second.path))).toBe(false);
    await expect(DatabaseSocket.running(dataDir)).resolves.toBe(first.path);
    await first.withdraw();
  });

  it('is announced without removing files that are not sockets of this server', async () => {
    const dataDir = await DataDir.open(root);
    const precious = join(root, 'precious');
    writeFileSync(precious, 'x');
    writeFileSync(join(root, 'database.socket'), `${precious}\n`);
    const socket = await DatabaseSocket.reserve(dataDir);
    writeFileSync(join(root, 'run', '0123abcd.sock'), 'a file');
    await socket.announce();
    expect(existsSync(precious)).toBe(true);
    expect(existsSync(join(root, 'run', '0123abcd.sock'))).toBe(true);
  });
});
