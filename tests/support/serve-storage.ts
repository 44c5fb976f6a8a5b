import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { filesRouter } from '../../src/http/files.js';
import { FileTokens } from '../../src/storage/file-token.js';
import type { Storage } from '../../src/storage/storage.js';

/** A storage, and a server on loopback that its URLs point to. */
export interface ServedStorage<S extends Storage> {
  readonly storage: S;
  readonly tokens: FileTokens;
  readonly origin: string;
  /** What the router logged as errors. */
  readonly logged: object[];
  tearDown(): Promise<void>;
}

export async function serveStorage<S extends Storage>(
  make: (options: { readonly publicUrl: () => string; readonly tokens: FileTokens }) => S,
): Promise<ServedStorage<S>> {
  const tokens = new FileTokens('a secret of at least thirty-two bytes');
  let origin = '';
  const storage = make({ publicUrl: () => origin, tokens });
  const logged: object[] = [];
  const app = express();
  app.use(
    '/files',
    filesRouter({ storage, tokens, stallMs: 60_000, logger: { error: (fields) => logged.push(fields) } }),
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tearDown = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await storage.close();
  };
  return { storage, tokens, origin, logged, tearDown };
}
