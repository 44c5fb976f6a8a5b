import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A request to a server in this process. */
export interface ServedRequest {
  readonly url: string;
  readonly socket: Socket;
  /** When the response was written, and when the connection was closed, by `performance.now()`. */
  answeredAt: number | undefined;
  closedAt: number | undefined;
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

export interface ServedRequests {
  /** In the order in which their heads arrived. */
  readonly all: readonly ServedRequest[];
  stop(): void;
}

/** Records every request to servers in this process, by Node's diagnostics channel. */
export function followRequests(): ServedRequests {
  const all: ServedRequest[] = [];
  const onStart = (message: unknown): void => {
    const { request, socket, response } = message as Started;
    const served = { url: request.url ?? '', socket, answeredAt: undefined, closedAt: undefined } as ServedRequest;
    response.once('finish', () => (served.answeredAt = performance.now()));
    socket.once('close', () => (served.closedAt = performance.now()));
    all.push(served);
  };
  subscribe('http.server.request.start', onStart);
  return { all, stop: () => unsubscribe('http.server.request.start', onStart) };
}
