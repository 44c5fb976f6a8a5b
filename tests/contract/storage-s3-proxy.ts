import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers a request itself (true), or lets it through (false). */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Proxy {
  readonly endpoint: string;
  /** Replaced by a test to make the store fail in its way. Lets everything through at first. */
  intercept: Intercept;
  /** Method and URL of what came, in order. */
  readonly requests: string[];
  close(): void;
}

/** A way to the real S3 server that a test can break. Host is handed on as it came, so signatures stay valid. */
export async function startProxy(endpoint: string): Promise<Proxy> {
  const { hostname, port } = new URL(endpoint);
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (proxy.intercept(request, response)) return;
    const { method, url, headers } = request;
    const onward = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intercept: () => false,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

/** An answer such as S3 gives. The body of the request is read first, as a store does. */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number, code: string): true {
  request.resume().once('end', () => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
  });
  return true;
}
