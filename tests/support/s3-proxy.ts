import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test may do to a request on its way. */
export interface Passage {
  /** Hands the request on to the store, with its answer handed back. */
  pass(): void;
  /** Hands the request on, and breaks the connection off in the middle of the answer: what was asked for is done. */
  passAndTruncate(): void;
}

/** Answers a request itself (true), or lets it through (false). */
export type Intercept = (request: IncomingMessage, response: ServerResponse, passage: Passage) => boolean;

export interface S3Proxy {
  readonly endpoint: string;
  /** Replaced by a test to make the store fail in its way. Lets everything through at first. */
  intercept: Intercept;
  /** Method and URL of what came, in order. */
  readonly requests: string[];
  /** Nobody listens any more, until `listen`. Connections break. */
  refuse(): Promise<void>;
  /** Listens again, under the same address. */
  listen(): Promise<void>;
  close(): void;
}

/** Lets everything through. */
export const passing: Intercept = () => false;

/** Announced by a truncated answer, and never sent, in bytes. */
const NEVER_SENT_BYTES = 1_024;

/** A way to the real S3 server that a test can break. Host is handed on as it came, so signatures stay valid. */
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

/** The store's own head with more announced than comes. To a HEAD, which has no body, not even the head is whole. */
function breakOff(response: ServerResponse, answer: IncomingMessage): void {
  const { 'transfer-encoding': _chunked, ...headers } = answer.headers;
  const status = `HTTP/1.1 ${answer.statusCode ?? 502} OK\r\n`;
  const lines = Object.entries({ ...headers, 'content-length': String(NEVER_SENT_BYTES) });
  const head = `${status}${lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')}`;
  response.socket?.end(response.req.method === 'HEAD' ? head : `${head}\r\n<?xml`);
}

/** An answer such as S3 gives. The body of the request is read first, as a store does. */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number, code: string): true {
  request.resume().once('end', () => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
  });
  return true;
}

// What a store, or the way to it, can do to every request

/** Takes the connection, reads nothing, never answers. */
export const hanging: Intercept = () => true;

/** Is late with everything. */
export function late(ms: number): Intercept {
  return (_request, _response, { pass }) => {
    setTimeout(pass, ms);
    return true;
  };
}

/** Answers everything with an error of the store's own. */
export function refusing(status: number, code: string): Intercept {
  return (request, response) => refuse(request, response, status, code);
}

/** Resets the connection in the middle of the request's body; where there is none, at once. */
export const resetting: Intercept = (request) => {
  const reset = (): void => void request.socket.resetAndDestroy();
  request.once('data', reset).once('end', reset);
  return true;
};

/** Does what is asked, and never says so: the answer breaks off. */
export const truncating: Intercept = (_request, _response, { passAndTruncate }) => {
  passAndTruncate();
  return true;
};
