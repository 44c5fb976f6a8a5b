import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Returns a free port, for a server that must know its address before it listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The variables for the address of a production server, which must be set before it listens. */
export async function productionAddress(): Promise<Record<'HOST' | 'PORT' | 'PUBLIC_URL', string>> {
  const port = String(await freePort());
  return { HOST: 'localhost', PORT: port, PUBLIC_URL: `http://localhost:${port}` };
}
