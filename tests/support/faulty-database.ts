import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { startEmbeddedDatabase } from '../../src/database/embedded/index.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

/** A database behind a proxy in which tests simulate faults. */
export interface FaultyDatabase {
  readonly proxy: TcpProxy;
  /** The value of MONGODB_URI, for a new database. */
  readonly uri: string;
  stop(): Promise<void>;
}

/** Uses the independent server of this run. When there is none, starts an embedded database. */
export async function startFaultyDatabase(): Promise<FaultyDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-faulty-'));
  const { target, stop } = await server(folder);
  const proxy = await startTcpProxy(target);
  return {
    proxy,
    // A direct connection, because the server would return its own address, which bypasses the proxy.
    uri: `mongodb://127.0.0.1:${proxy.port}/faults-${randomUUID().slice(0, 8)}?directConnection=true`,
    stop: async () => {
      await proxy.close();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function server(folder: string): Promise<{ target: NetConnectOpts; stop: () => Promise<void> }> {
  const uri = inject('mongodbUri');
  if (uri !== null) {
    const { hostname, port } = new URL(uri);
    return { target: { host: hostname, port: Number(port) }, stop: () => Promise.resolve() };
  }
  const socketPath = join(folder, 'socket');
  const embedded = await startEmbeddedDatabase({ directory: join(folder, 'data'), socketPath });
  return { target: { path: socketPath }, stop: () => embedded.close() };
}
