import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export interface PrefixProxy {
  readonly port: number;
  /** The paths of requests without the prefix: addresses that somebody has made without it. */
  readonly strays: readonly string[];
  close(): Promise<void>;
}

/** A proxy on loopback that removes a path prefix: `/lectern/studio/` becomes `/studio/`. Other requests are 404. */
export async function startPrefixProxy(prefix: string, serverPort: number): Promise<PrefixProxy> {
  const strays: string[] = [];
  const server = createServer((request, response) => {
    const { url = '', method, headers } = request;
    if (!url.startsWith(`${prefix}/`)) {
      strays.push(url);
      response.writeHead(404).end();
      return;
    }
    const forwarded = send(
      { host: 'localhost', port: serverPort, path: url.slice(prefix.length), method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, response, () => undefined);
      },
    );
    forwarded.on('error', () => response.destroy());
    pipeline(request, forwarded, () => undefined);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    strays,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
