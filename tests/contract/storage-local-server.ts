import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LocalStorage } from '../../src/storage/local/local-storage.js';
import { type ServedStorage, serveStorage } from '../support/serve-storage.js';

/** A local storage in a folder of its own, and the server that its URLs point to. */
export interface ServedLocalStorage extends ServedStorage<LocalStorage> {
  readonly directory: string;
}

export async function serveLocalStorage(): Promise<ServedLocalStorage> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'lectern-files-'));
  const served = await serveStorage((options) => new LocalStorage({ directory, ...options }));
  const tearDown = async (): Promise<void> => {
    await served.tearDown();
    await rm(directory, { recursive: true, force: true });
  };
  return { ...served, directory, tearDown };
}
