import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { releaseUnreadBody } from '../../src/http/body-progress.js';
import { filesRouter } from '../../src/http/files.js';
import { UploadLimit } from '../../src/http/upload-limit.js';
import { FileTokens } from '../../src/storage/file-token.js';
import type { Storage } from '../../src/storage/storage.js';
import { patience } from './patience.js';

/** As DEFAULT_TIMINGS has it, in milliseconds. */
const ANSWER_READABLE_MS = 1_000;

/** A storage, with a server on loopback for its URLs. */
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
  app.use(releaseUnreadBody(ANSWER_READABLE_MS));
  app.use(
    '/files',
    filesRouter({
      storage,
      tokens,
      stallMs: patience(60_000),
      partLimit: new UploadLimit(Infinity, 'parts'),
      bodyTimes: { stallMs: patience(60_000), totalMs: patience(120_000) },
      logger: { error: (fields) => logged.push(fields) },
    }),
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
