import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from '../src/auth/mint-token.js';
import { DataDir } from '../src/data-dir/data-dir.js';
import { DatabaseSocket } from '../src/data-dir/database-socket.js';
import { embeddedUri } from '../src/database/embedded/index.js';
import { freePort } from '../tests/support/free-port.js';
import { startServer } from '../tests/support/server.js';

const SECRET = 'a secret for measurements alone, longer than 32 bytes';

export interface MeasuredServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Lectern as it runs in production, on an embedded database and local files of its own, without limits of requests. */
export async function newLecternData(): Promise<{ environment: Record<string, string>; remove(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lectern-bench-'));
  const port = await freePort();
  const environment = {
    NODE_ENV: 'production',
    ALLOW_EMBEDDED_DATABASE: 'true',
    HOST: 'localhost',
    PORT: String(port),
    PUBLIC_URL: `http://localhost:${port}`,
    DATA_DIR: dataDir,
    AUTH_JWT_SECRET: SECRET,
    RATE_LIMIT_ADDRESS_PER_MINUTE: '0',
    RATE_LIMIT_VIEWER_PER_MINUTE: '0',
  };
  return { environment, remove: () => rm(dataDir, { recursive: true, force: true }) };
}

/** A token of an admin, for a day. */
export function adminToken(): Promise<string> {
  return mintToken({ secret: SECRET, sub: 'bench', role: 'admin', roleClaim: 'role', expiresInSeconds: 86_400 });
}

/** Starts the built Lectern as a process of its own. */
export async function startLectern(environment: Record<string, string>): Promise<MeasuredServer> {
  const server = await startServer(environment, environment['DATA_DIR']);
  return {
    url: server.url,
    pid: server.process.pid!,
    stop: async () => {
      await server.stop();
    },
  };
}

/** The URI of the embedded database of a server that runs. */
export async function embeddedUriOf(environment: Record<string, string>): Promise<string> {
  const socket = await DatabaseSocket.running(await DataDir.open(environment['DATA_DIR']!));
  if (socket === null) throw new Error('No embedded database runs on this data.');
  return embeddedUri(socket);
}

/** Starts a script of bench/peers, which prints its URL in one line. It gets a folder of its own as argument. */
export async function startPeer(script: string, environment: Record<string, string> = {}): Promise<MeasuredServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-peer-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'peers', script), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', NODE_NO_WARNINGS: '1', ...environment },
  });
  const ended = once(child, 'close');
  const printed = once(child.stdout.setEncoding('utf8'), 'data') as Promise<[string]>;
  const [url] = await Promise.race([printed, ended.then(() => [null])]);
  if (url === null) throw new Error(`bench/peers/${script} ended. Are the peers installed? npm ci --prefix bench`);
  return {
    url: url.trim(),
    pid: child.pid!,
    stop: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
