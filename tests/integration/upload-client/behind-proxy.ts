import { inject } from 'vitest';
import type { Environment } from '../../../src/config.js';
import { freePort } from '../../support/free-port.js';
import type { StorageUnderTest } from '../../support/storages.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

/** The maximum that the requests of one upload send besides its parts, in bytes: headers, signing, queries. */
export const BESIDE_PARTS = 2 * 1024 ** 2;

/** A server whose parts pass through a proxy. With files on the local disk, all requests do. */
export interface Proxied {
  readonly proxy: TcpProxy;
  readonly environment: Environment;
  /** The GraphQL endpoint for clients. */
  readonly endpoint: string;
}

export async function behindProxy(storage: StorageUnderTest, overrides: Environment = {}): Promise<Proxied> {
  const port = await freePort();
  const common = { ...overrides, ...(await storage.environment()), PORT: String(port), HOST: '127.0.0.1' };
  if (storage.name === 'local') {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port });
    const PUBLIC_URL = `http://127.0.0.1:${proxy.port}`;
    return { proxy, environment: { ...common, PUBLIC_URL }, endpoint: `${PUBLIC_URL}/graphql` };
  }
  const s3 = new URL(inject('s3')!.endpoint);
  const proxy = await startTcpProxy({ host: s3.hostname, port: Number(s3.port) });
  return {
    proxy,
    environment: { ...common, S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${proxy.port}` },
    endpoint: `http://127.0.0.1:${port}/graphql`,
  };
}
