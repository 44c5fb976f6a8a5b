import { type BackupFolder, BackupError, type SavedSnapshot } from './backup-folder.js';

/**
 * Opens the last complete snapshot, or the one of this name.
 * @throws {BackupError} when there is none.
 */
export async function openLast(
  folder: BackupFolder,
  wanted?: string,
): Promise<{ readonly name: string; readonly snapshot: SavedSnapshot }> {
  const names = await folder.snapshots();
  const name = wanted ?? names.at(-1);
  if (name === undefined) throw new BackupError(`${folder.path} has no complete snapshot.`);
  if (!names.includes(name))
    throw new BackupError(`${folder.path} has no complete snapshot ${name}, but: ${names.join(', ')}.`);
  return { name, snapshot: await folder.open(name) };
}
