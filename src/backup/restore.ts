import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { StoredRecord } from '../database/record-stream.js';
import type { Storage } from '../storage/storage.js';
import { type BackupFolder, BackupError, Digesting, type SavedFile, type SavedSnapshot } from './backup-folder.js';
import { COLLECTIONS } from './collections.js';
import type { BackupOptions, BackupParts } from './make-backup.js';
import { recordsIn } from './snapshot-records.js';

/** How many records are written at once. */
const BATCH = 200;

/**
 * Writes the files of a snapshot to the storages that its records name, then the records. The caller makes sure that
 * both were empty, and marks the database meanwhile. What an interrupted restore of this snapshot has written is kept.
 * @throws {BackupError} when the backup is damaged.
 */
export async function restoreSnapshot(
  folder: BackupFolder,
  snapshot: SavedSnapshot,
  { collection, storageNamed, step }: BackupParts,
  { signal, onProgress }: BackupOptions,
): Promise<void> {
  let done = 0;
  for await (const file of snapshot.files()) {
    await putFile(folder, file, storageNamed(file.storage) as Storage, signal);
    onProgress({ label: 'Restoring files', done: ++done, total: snapshot.manifest.files });
    await step('restore-file');
  }
  await step('restore-files');
  for (const { name } of COLLECTIONS) {
    let batch: StoredRecord[] = [];
    for await (const record of recordsIn(snapshot.at(`${name}.bson`))) {
      signal.throwIfAborted();
      if (batch.push(record) < BATCH) continue;
      await collection(name).write(batch);
      batch = [];
    }
    await collection(name).write(batch);
    onProgress({ label: `Restoring ${name}`, done: 1, total: 1 });
  }
  await step('restore-records');
}

/**
 * Checks the storages that a snapshot is restored to.
 * @throws {BackupError} when one is not configured, or has an object.
 */
export async function assertEmptyStorages(
  snapshot: SavedSnapshot,
  storageNamed: BackupParts['storageNamed'],
): Promise<void> {
  const names = new Set<string>();
  for await (const { storage } of snapshot.files()) names.add(storage);
  for (const name of names) {
    const storage = storageNamed(name);
    if (storage === undefined)
      throw new BackupError(`The backup has files of the storage "${name}", which is not configured.`);
    for await (const { key } of storage.list('')) {
      throw new BackupError(`The storage "${name}" is not empty: it has ${key}. Nothing was restored.`);
    }
  }
}

async function putFile(folder: BackupFolder, file: SavedFile, storage: Storage, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { key, contentType, bytes } = file;
  if ((await storage.stat(key))?.size === bytes) return;
  const digesting = new Digesting();
  const read = pipeline(createReadStream(folder.fileAt(file.storage, key)), digesting);
  await Promise.all([read, storage.put(key, digesting, { contentType, maxBytes: Math.max(bytes, 1), signal })]);
  if (digesting.result().sha256 === file.sha256) return;
  await storage.delete([key]);
  throw new BackupError(`${file.storage}/${key} of the backup is damaged. lectern backup --verify tells what else is.`);
}
