import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port that was free a moment ago, for a server that has to know its address before it listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The address of a server in production, which has to be said before it listens. */
export async function productionAddress(): Promise<Record<'HOST' | 'PORT' | 'PUBLIC_URL', string>> {
  const port = String(await freePort());
  return { HOST: 'localhost', PORT: port, PUBLIC_URL: `http://localhost:${port}` };
}
