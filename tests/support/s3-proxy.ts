import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test can do with a request. */
export interface Passage {
  /** Forwards the request to the store, and its response to the client. */
  pass(): void;
  /** Forwards the request, so that it is carried out, but cuts off the response. */
  passAndTruncate(): void;
}

/** Returns true when it has handled a request, false to forward it. */
export type Intercept = (request: IncomingMessage, response: ServerResponse, passage: Passage) => boolean;

export interface S3Proxy {
  readonly endpoint: string;
  /** Set by a test to simulate faults. Forwards everything at first. */
  intercept: Intercept;
  /** The method and URL of each request, in order. */
  readonly requests: string[];
  /** Closes the port and all connections, until `listen`. */
  refuse(): Promise<void>;
  /** Listens again on the same port. */
  listen(): Promise<void>;
  close(): void;
}

/** Forwards everything. */
export const passing: Intercept = () => false;

/** How many bytes a truncated response announces but does not send. */
const NEVER_SENT_BYTES = 1_024;

/** A proxy to the real S3 server in which tests simulate faults. It does not change Host, so signatures stay valid. */
export async function startS3Proxy(endpoint: string): Promise<S3Proxy> {
  const { hostname, port } = new URL(endpoint);
  const requests: string[] = [];

  const forward = (request: IncomingMessage, response: ServerResponse, truncate: boolean): void => {
    const { method, url, headers } = request;
    const onward = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      if (truncate) {
        answer.resume().once('end', () => breakOff(response, answer));
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };

  const server = http.createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.on('error', () => undefined);
    const pass = (): void => forward(request, response, false);
    const passAndTruncate = (): void => forward(request, response, true);
    if (!proxy.intercept(request, response, { pass, passAndTruncate })) pass();
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port: own } = server.address() as AddressInfo;

  const proxy: S3Proxy = {
    endpoint: `http://127.0.0.1:${own}`,
    intercept: passing,
    requests,
    refuse: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    listen: () => listen(own),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

/** Sends the store's head with a larger length, then closes. For HEAD, which has no body, cuts off the head. */
function breakOff(response: ServerResponse, answer: IncomingMessage): void {
  const { 'transfer-encoding': _chunked, ...headers } = answer.headers;
  const status = `HTTP/1.1 ${answer.statusCode ?? 502} OK\r\n`;
  const lines = Object.entries({ ...headers, 'content-length': String(NEVER_SENT_BYTES) });
  const head = `${status}${lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')}`;
  response.socket?.end(response.req.method === 'HEAD' ? head : `${head}\r\n<?xml`);
}

/** Responds with an error like that of S3. Reads the body of the request first, as a store does. */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number, code: string): true {
  request.resume().once('end', () => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
  });
  return true;
}

// Faults of a store or of the network, for every request

/** Accepts the connection, reads nothing and never responds. */
export const hanging: Intercept = () => true;

/** Delays everything. */
export function late(ms: number): Intercept {
  return (_request, _response, { pass }) => {
    setTimeout(pass, ms);
    return true;
  };
}

/** Responds to everything with an error of the store. */
export function refusing(status: number, code: string): Intercept {
  return (request, response) => refuse(request, response, status, code);
}

/** Resets the connection in the middle of the request's body, or at once when there is no body. */
export const resetting: Intercept = (request) => {
  const reset = (): void => void request.socket.resetAndDestroy();
  request.once('data', reset).once('end', reset);
  return true;
};

/** Carries out the request, but cuts off the response. */
export const truncating: Intercept = (_request, _response, { passAndTruncate }) => {
  passAndTruncate();
  return true;
};
