import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LocalStorage } from '../../src/storage/local/local-storage.js';
import { DEFAULT_TIMINGS, type Timings } from '../../src/timings.js';
import { type ServedStorage, serveStorage } from '../support/serve-storage.js';

/** A local storage in a temporary folder, and the server that its URLs point to. */
export interface ServedLocalStorage extends ServedStorage<LocalStorage> {
  readonly directory: string;
}

/**
 * @param timings Other waits than the defaults.
 * @param shared The folder of another one: two servers that use the same disk. Stays when this one ends.
 */
export async function serveLocalStorage(timings: Partial<Timings> = {}, shared?: string): Promise<ServedLocalStorage> {
  const directory = shared ?? (await mkdtemp(path.join(os.tmpdir(), 'lectern-files-')));
  const options = { directory, timings: { ...DEFAULT_TIMINGS, ...timings } };
  const served = await serveStorage((parts) => new LocalStorage({ ...options, ...parts }));
  const tearDown = async (): Promise<void> => {
    await served.tearDown();
    if (shared === undefined) await rm(directory, { recursive: true, force: true });
  };
  return { ...served, directory, tearDown };
}
