import { chmodSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { errorReply } from './executor.js';
import type { Executor } from './executor.js';
import type { Store } from './store.js';
import { formatReply, MessageSplitter, parseMessage } from './wire.js';
import type { Request } from './wire.js';

interface Job {
  readonly socket: Socket;
  readonly request: Request;
}

/** The longest path of a Unix socket, in bytes, without its closing NUL. */
const MAX_PATH_BYTES = 107;

/**
 * Serves MongoDB's wire protocol on a Unix socket. Requests that wait at the same time are executed one after the other,
 * made durable by one commit, and then answered, so many writers share the cost of one write to the disk.
 */
export class WireServer {
  private readonly sockets = new Set<Socket>();
  private queue: Job[] = [];
  private scheduled = false;

  private constructor(
    private readonly server: Server,
    private readonly socketPath: string,
    private readonly executor: Executor,
    private readonly store: Store,
  ) {}

  /** Listens on a socket that only its owner can open (0600). Replaces the socket of a process that was killed. */
  static async listen(socketPath: string, executor: Executor, store: Store): Promise<WireServer> {
    if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES) {
      throw new Error(`the socket path is longer than ${MAX_PATH_BYTES} bytes: ${socketPath}`);
    }
    await removeStale(socketPath);
    const server = createServer();
    const wire = new WireServer(server, socketPath, executor, store);
    server.on('connection', (socket) => wire.serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    chmodSync(socketPath, 0o600);
    return wire;
  }

  /** Answers the requests that have arrived, then closes all connections and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.flush();
    for (const socket of this.sockets) socket.destroySoon();
    await closed;
    rmSync(this.socketPath, { force: true });
  }

  private serve(socket: Socket): void {
    const splitter = new MessageSplitter();
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    // When a client does not read its replies, its requests are not read until it does.
    socket.on('drain', () => socket.resume());
    socket.on('data', (chunk) => {
      try {
        for (const message of splitter.push(chunk)) this.enqueue({ socket, request: parseMessage(message) });
      } catch {
        socket.destroy();
      }
    });
  }

  private enqueue(job: Job): void {
    this.queue.push(job);
    if (this.scheduled) return;
    this.scheduled = true;
    // Runs after all readable sockets have been read.
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const jobs = this.queue;
    this.queue = [];
    let replies = jobs.map(({ request }) => this.executor.execute(request.command));
    try {
      this.store.commit();
    } catch (error) {
      replies = replies.map(() => errorReply(error));
    }
    jobs.forEach(({ socket, request }, i) => {
      const reply = replies[i];
      if (reply === undefined || !request.wantsReply || socket.destroyed) return;
      if (!socket.write(formatReply(request, reply))) socket.pause();
    });
  }
}

async function removeStale(socketPath: string): Promise<void> {
  const found = statSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${socketPath} exists and is not a socket`);
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(socketPath, () => resolve(true)).on('error', () => resolve(false));
    probe.once('close', () => resolve(false)).once('connect', () => probe.destroy());
  });
  if (answers) throw new Error(`${socketPath} belongs to a server that is running`);
  rmSync(socketPath, { force: true });
}
