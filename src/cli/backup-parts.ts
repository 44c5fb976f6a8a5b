import type { App } from '../app.js';
import type { BackupParts } from '../backup/make-backup.js';

/** What `lectern backup` and `lectern restore` reach of an app: its database, its storages, and the steps of its tests. */
export async function backupParts({ storages, telemetry }: App): Promise<BackupParts> {
  const [{ recordCollection }, { connectedDatabase }] = await Promise.all([
    import('../database/record-stream.js'),
    import('../database/detached-database.js'),
  ]);
  const db = connectedDatabase();
  return {
    collection: (name) => recordCollection(db, name),
    storageNamed: (name) => storages.byName(name),
    step: (name) => telemetry.step(name, {}, () => Promise.resolve()),
  };
}
