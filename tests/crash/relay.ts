import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { waitUntil } from '../support/patience.js';

/** A proxy to another server that keeps running when the process that used it is killed. */
export interface Relay {
  readonly port: number;
  /**
   * Resolves when what a killed process had sent has been dealt with: a store and a database finish a request whose
   * client has gone, and may do so after the next sweep. In life that time is far longer ago than any deadline.
   */
  settled(): Promise<void>;
  /** Ends this relay for good, as the end of the process that used it does. Its connections are cut at once. */
  cut(): void;
  close(): void;
}

/** Passes bytes on unchanged, so that signatures and protocols hold. */
export async function startRelay(target: { readonly hostname: string; readonly port: string }): Promise<Relay> {
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    clients.add(client.once('close', () => clients.delete(client)));
    upstreams.add(upstream.once('close', () => upstreams.delete(upstream)));
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', () => undefined);
    client.pipe(upstream);
    upstream.pipe(client);
    // The other server reads the end after all that was sent, answers what is complete, and closes.
    client.once('close', () => upstream.end().resume());
    upstream.once('end', () => upstream.end());
    upstream.once('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    settled: () => waitUntil(() => upstreams.size === 0, { interval: 10 }).then(() => undefined),
    cut: () => {
      server.close();
      for (const socket of clients) socket.destroy();
    },
    close: () => {
      server.close();
      for (const socket of [...clients, ...upstreams]) socket.destroy();
    },
  };
}
