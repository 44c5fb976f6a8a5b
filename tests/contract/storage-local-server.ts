import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import express from 'express';
import { filesRouter } from '../../src/http/files.js';
import { FileTokens } from '../../src/storage/file-token.js';
import { LocalStorage } from '../../src/storage/local/local-storage.js';

/** A local storage in a folder of its own, and the server that its URLs point to. */
export interface ServedLocalStorage {
  readonly storage: LocalStorage;
  readonly directory: string;
  readonly tokens: FileTokens;
  readonly origin: string;
  /** What the router logged as errors. */
  readonly logged: object[];
  tearDown(): Promise<void>;
}

export async function serveLocalStorage(): Promise<ServedLocalStorage> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'lectern-files-'));
  const tokens = new FileTokens('a secret of at least thirty-two bytes');
  let origin = '';
  const storage = new LocalStorage({ directory, publicUrl: () => origin, tokens });
  const logged: object[] = [];
  const app = express();
  app.use(
    '/files',
    filesRouter({ storage, tokens, stallMs: 60_000, logger: { error: (fields) => logged.push(fields) } }),
  );
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tearDown = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { storage, directory, tokens, origin, logged, tearDown };
}
