import { connect, type Socket } from 'node:net';
import { parseAnswer, type RawOutcome } from '../support/multipart.js';
import type { FuzzRequest } from './requests.js';

export interface Exchange {
  readonly answer: RawOutcome['response'];
  readonly ended: 'answered' | 'closed' | 'timeout';
}

/** A client that sends one request after the other, over one connection as long as the server keeps it. */
export class Connection {
  private socket: Socket | undefined;

  constructor(
    private readonly host: string,
    private readonly port: number,
    /** After so long without an answer the server hangs, in milliseconds. */
    private readonly patienceMs: number,
  ) {}

  async exchange({ bytes, isFramed }: FuzzRequest): Promise<Exchange> {
    const socket = (this.socket ??= this.open());
    const exchange = await new Promise<Exchange>((resolve) => {
      let received: Buffer = Buffer.alloc(0);
      const timer = setTimeout(() => finish('timeout'), this.patienceMs);
      const finish = (ended: Exchange['ended']): void => {
        clearTimeout(timer);
        socket.removeAllListeners('data').removeAllListeners('close');
        resolve({ ended, answer: parseAnswer(received, ended === 'closed') });
      };
      socket.on('data', (chunk: Buffer) => {
        received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk;
        // Without a sound head nobody can say where the answer to it ends, but by the end of the connection.
        if (isFramed && parseAnswer(received, false)) finish('answered');
      });
      socket.once('close', () => finish('closed'));
      if (socket.closed) finish('closed');
      socket.write(bytes);
      if (!isFramed) socket.end();
    });
    const mayGoOn = exchange.ended === 'answered' && exchange.answer?.headers.get('connection') !== 'close';
    if (!mayGoOn) this.close();
    return exchange;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Socket {
    const socket = connect({ host: this.host, port: this.port, noDelay: true });
    socket.on('error', () => undefined);
    return socket;
  }
}
