import { parentPort, workerData } from 'node:worker_threads';
import { Executor } from './executor.js';
import { WireServer } from './server.js';
import { Store } from './store.js';

/** The data that the worker gets from the starting thread, and the messages that it sends back. */
export interface WorkerInput {
  readonly directory: string;
  readonly socketPath: string;
}
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly name: string; readonly message: string };

const port = parentPort;
if (port === null) throw new Error('worker.js runs in a worker thread only');
const { directory, socketPath } = workerData as WorkerInput;
const say = (message: WorkerMessage): void => port.postMessage(message);

let store: Store | undefined;
try {
  const opened = (store = Store.open(directory));
  // The directory is locked first. The process that holds the lock may replace the socket.
  const server = await WireServer.listen(socketPath, new Executor(opened), opened);
  port.once('message', () => {
    server
      .close()
      .then(() => opened.close())
      .then(() => say({ type: 'closed' }), fail);
  });
  say({ type: 'ready' });
} catch (error) {
  store?.close();
  fail(error);
}

function fail(error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  say({ type: 'failed', name, message });
  port?.close();
}
