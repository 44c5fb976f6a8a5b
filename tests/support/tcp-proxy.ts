import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';

/** The states of the proxy. */
export type Passage =
  | { readonly kind: 'open' }
  /** All data is delayed by `ms` milliseconds, in both directions. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Connections stay open and new ones are accepted, but no data is forwarded. */
  | { readonly kind: 'hanging' }
  /** Every connection is reset when its client sends data. */
  | { readonly kind: 'resetting' }
  /** For each `bytes` bytes that a client sends, its connection is reset with the probability `share`. */
  | { readonly kind: 'breaking'; readonly share: number; readonly bytes: number; readonly random: () => number }
  /** A message that `matches` arrives, and its reply is lost with its connection. `onLost` is then called. */
  | {
      readonly kind: 'losing replies';
      readonly matches: (message: Buffer) => boolean;
      readonly onLost?: (message: Buffer) => void;
    };

export interface TcpProxy {
  readonly port: number;
  /** Changes the state, also of open connections. After `hanging`, the data that was held back is forwarded. */
  turn(passage: Passage): void;
  /** Resets the open connections. New ones are accepted. */
  drop(): void;
  /** How many connections were reset by chance. */
  readonly broken: () => number;
  /** How many bytes clients have sent. */
  readonly received: () => number;
  /** Closes the port and all connections, until `listen`. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** A proxy to a TCP or Unix socket server, in which tests simulate faults. It does not parse the data. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  let passage: Passage = { kind: 'open' };
  let broken = 0;
  let received = 0;
  const clients = new Set<Socket>();
  let held: (() => void)[] = [];

  const join = (client: Socket): void => {
    const upstream = connect(target);
    clients.add(client);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clients.delete(client);
        client.destroy();
        upstream.destroy();
      });
    }
    /** Drops the expected reply. */
    let lose: (() => void) | undefined;
    /** How many bytes until the next random choice, or until the reset. */
    let left = 0;
    let doomed = false;
    const relay = (to: Socket, bytes: Buffer): void => {
      if (passage.kind === 'hanging') held.push(() => relay(to, bytes));
      else if (passage.kind === 'late') setTimeout(() => to.write(bytes), passage.ms);
      else to.write(bytes);
    };
    client.on('data', (bytes) => {
      received += bytes.length;
      if (passage.kind === 'breaking') {
        if (left <= 0) {
          doomed = passage.random() < passage.share;
          left = passage.bytes * (doomed ? passage.random() : 1);
        }
        left -= bytes.length;
        if (doomed && left <= 0) {
          broken++;
          client.resetAndDestroy();
          return;
        }
      }
      if (passage.kind === 'resetting') {
        client.resetAndDestroy();
        return;
      }
      if (passage.kind === 'losing replies' && passage.matches(bytes)) {
        const { onLost } = passage;
        lose = () => {
          client.resetAndDestroy();
          onLost?.(bytes);
        };
      }
      relay(upstream, bytes);
    });
    upstream.on('data', (bytes) => {
      if (lose) lose();
      else relay(client, bytes);
    });
  };

  const server = createServer(join);
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  const drop = (): void => {
    for (const client of clients) client.resetAndDestroy();
  };
  const refuse = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    drop();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    turn: (next) => {
      passage = next;
      const released = held;
      held = [];
      for (const release of released) release();
    },
    drop,
    broken: () => broken,
    received: () => received,
    refuse,
    listen: () => listen(port),
    close: refuse,
  };
}
