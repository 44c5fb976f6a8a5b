import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerInput, WorkerMessage } from './worker.js';

/** Another process, or another part of this process, has the same directory open. */
export class EmbeddedDatabaseLockedError extends Error {
  override readonly name = 'EmbeddedDatabaseLockedError';
}

export interface EmbeddedDatabaseOptions {
  /** The directory of the data. Created when it does not exist. Only one process can open it at a time. */
  readonly directory: string;
  /** The path of the Unix socket, at most 107 bytes. Only the owner should have access to its directory (0700). */
  readonly socketPath: string;
  /** Called when the worker ends because of a bug. When absent, the error is an uncaught exception. */
  readonly onFailure?: (error: Error) => void;
}

export interface EmbeddedDatabase {
  /** The connection string for mongoose or the MongoDB driver. */
  uri(databaseName?: string): string;
  /** Writes everything to the disk, closes all connections, removes the socket and unlocks the directory. */
  close(): Promise<void>;
}

/**
 * Starts a MongoDB-compatible server in a worker thread. It listens only on a Unix socket, to which clients connect with
 * the ordinary driver. Every acknowledged write survives the end of the process, even a kill.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const workerData: WorkerInput = { directory: options.directory, socketPath: options.socketPath };
  // The worker is plain JavaScript, so it does not need the loaders and other flags of this process.
  const worker = new Worker(workerUrl(), { workerData, execArgv: [] });
  await answer(worker, 'ready');
  if (options.onFailure !== undefined) worker.once('error', options.onFailure);
  // The thread does not keep the process alive. Acknowledged writes are durable, and clients have open connections.
  worker.unref();
  let closing: Promise<void> | undefined;
  return {
    uri: (databaseName) => embeddedUri(options.socketPath, databaseName),
    close: () => (closing ??= close(worker)),
  };
}

/** Returns the connection string of a database that listens on this socket. */
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
    // Waits for the first of both. An `error` event rejects both.
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

/** Returns the built worker, also when tests run the source, because Node 20 cannot run TypeScript in a worker. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/database/embedded/worker.js' : './worker.js';
  const url = new URL(built, import.meta.url);
  if (!existsSync(fileURLToPath(url))) throw new Error('the embedded database is not built: run `npm run build` first');
  return url;
}
