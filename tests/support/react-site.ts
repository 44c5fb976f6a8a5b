import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** A response of the proxy itself: an HTML page, or a closed connection. */
export type ProxyFault = { readonly status: number; readonly html: string } | 'connection lost';

/** A server with a built page, and a reverse proxy to Lectern under `/graphql`, so that both have the same origin. */
export interface ReactSite {
  readonly origin: string;
  /** When set, the proxy responds to `/graphql` with this fault. Null forwards requests. */
  fault: ProxyFault | null;
  /** The number of requests that got a fault. */
  readonly faults: number;
  close(): Promise<void>;
}

export async function startSite(folder: string, graphqlUrl: string): Promise<ReactSite> {
  const state = { fault: null as ProxyFault | null, faults: 0 };
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://site');
    if (pathname !== '/graphql') return void serveFile(folder, pathname, outgoing);
    if (state.fault === null) return passOn(incoming, outgoing, graphqlUrl);
    state.faults += 1;
    if (state.fault === 'connection lost') return void incoming.once('data', () => incoming.destroy());
    const { status, html } = state.fault;
    incoming.resume().once('end', () => outgoing.writeHead(status, { 'content-type': 'text/html' }).end(html));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    get faults() {
      return state.faults;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serveFile(folder: string, pathname: string, outgoing: ServerResponse): Promise<void> {
  const path = normalize(join(folder, pathname === '/' ? 'index.html' : pathname));
  const content = path.startsWith(folder) ? await readFile(path).catch(() => null) : null;
  if (content === null) outgoing.writeHead(404).end();
  else outgoing.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(content);
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, url: string): void {
  const { method = 'POST', headers } = incoming;
  const onward = request(url, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
