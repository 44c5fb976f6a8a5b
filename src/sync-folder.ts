import { open } from 'node:fs/promises';

/** Makes new and removed entries of a folder survive a power failure. See fsync(2): a directory needs its own fsync. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
