import { statfs } from 'node:fs/promises';
import { examine, ok, warning, type Diagnosis } from '../../diagnosis.js';
import { deleteProbe, newProbeKey, putProbe, readProbe } from '../probe.js';
import type { Storage } from '../storage.js';

const GIB = 1024 ** 3;
/** In bytes. With less free space `lectern doctor` warns: one video can be as large. */
const LITTLE_SPACE = 5 * GIB;

const REMEDY = 'Set LOCAL_STORAGE_DIR to a folder on a disk with space, that this user may write to.';

/** Checks that files can be stored, read and deleted, and that enough space is free. */
export async function* diagnoseLocal(storage: Storage, root: string): AsyncGenerator<Diagnosis> {
  const folder = await examine('local folder', REMEDY, async () => {
    await storage.check();
    return ok(`${root} can be written to.`);
  });
  yield folder;
  if (folder.status === 'problem') return;

  yield await examine('local put/get/delete', REMEDY, async () => {
    const key = newProbeKey();
    try {
      await putProbe(storage, key);
      await readProbe(storage, key);
    } finally {
      await deleteProbe(storage, key);
    }
    return ok('A file was stored, read and deleted.');
  });

  yield await examine('local space', REMEDY, async () => {
    const { bavail, bsize } = await statfs(root);
    const free = bavail * bsize;
    const message = `${(free / GIB).toFixed(1)} GiB are free.`;
    return free < LITTLE_SPACE
      ? warning(message, 'Make room, or move LOCAL_STORAGE_DIR to a larger disk.')
      : ok(message);
  });
}
