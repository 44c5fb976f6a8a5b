import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A request as the server of this process sees it. */
export interface ServedRequest {
  readonly url: string;
  readonly socket: Socket;
  /** When the answer was written, and when the connection was gone, by `performance.now()`. */
  answeredAt: number | undefined;
  closedAt: number | undefined;
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

export interface ServedRequests {
  /** In the order in which their heads came. */
  readonly all: readonly ServedRequest[];
  stop(): void;
}

/** Follows every request that a server of this process takes (Node's diagnostics channel), from the server's own side. */
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
