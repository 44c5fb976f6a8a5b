import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerInput, WorkerMessage } from './worker.js';

/** Another process, or another part of this one, has the same directory open. */
export class EmbeddedDatabaseLockedError extends Error {
  override readonly name = 'EmbeddedDatabaseLockedError';
}

export interface EmbeddedDatabaseOptions {
  /** Where the data lies; made when absent. One process at a time. */
  readonly directory: string;
  /** The Unix socket to listen on, at most 107 bytes. Its directory should be the owner's alone (0700). */
  readonly socketPath: string;
  /** Told when the worker dies of a defect. Without it that is an uncaught error: it must not go unseen. */
  readonly onFailure?: (error: Error) => void;
}

export interface EmbeddedDatabase {
  /** What mongoose or the MongoDB driver connects to. */
  uri(databaseName?: string): string;
  /** Makes everything durable, ends all connections, removes the socket and gives the directory free. */
  close(): Promise<void>;
}

/**
 * Starts a MongoDB-compatible server in a worker thread. It listens on a Unix socket and nowhere else; clients reach
 * it by the ordinary driver. Every acknowledged write survives the end of the process, however it ends.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const workerData: WorkerInput = { directory: options.directory, socketPath: options.socketPath };
  // The worker is plain JavaScript: loaders and other flags of this process are not for it.
  const worker = new Worker(workerUrl(), { workerData, execArgv: [] });
  await answer(worker, 'ready');
  if (options.onFailure !== undefined) worker.once('error', options.onFailure);
  // The thread alone keeps no process alive: what is written is durable, and a user of the database has a connection open.
  worker.unref();
  let closing: Promise<void> | undefined;
  return {
    uri: (databaseName) => embeddedUri(options.socketPath, databaseName),
    close: () => (closing ??= close(worker)),
  };
}

/** What mongoose or the MongoDB driver connects to, for a database that listens on this socket. */
export function embeddedUri(socketPath: string, databaseName = 'lectern'): string {
  return `mongodb://${encodeURIComponent(socketPath)}/${databaseName}?directConnection=true`;
}

async function close(worker: Worker): Promise<void> {
  worker.ref();
  const closed = answer(worker, 'closed');
  worker.postMessage('close');
  await closed;
  await worker.terminate();
}

async function answer(worker: Worker, wanted: WorkerMessage['type']): Promise<void> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    // Whichever comes first; an `error` event rejects both.
    const [message] = (await Promise.race([
      once(worker, 'message', { signal }),
      once(worker, 'exit', { signal }).then(() => {
        throw new Error('the embedded database ended unexpectedly');
      }),
    ])) as [WorkerMessage];
    if (message.type === wanted) return;
    const text = message.type === 'failed' ? message.message : `unexpected answer: ${message.type}`;
    const isLocked = message.type === 'failed' && message.name === 'StoreLockedError';
    throw isLocked ? new EmbeddedDatabaseLockedError(text) : new Error(text);
  } finally {
    heard.abort();
  }
}

/** Node 20 cannot run TypeScript in a worker: started from the source, by tests, this runs the built worker. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/database/embedded/worker.js' : './worker.js';
  const url = new URL(built, import.meta.url);
  if (!existsSync(fileURLToPath(url))) throw new Error('the embedded database is not built: run `npm run build` first');
  return url;
}
