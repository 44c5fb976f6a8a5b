import { createReadStream } from 'node:fs';
import { digestOf } from '../digest.js';
import type { BackupFolder, ByteDigest, SavedSnapshot } from './backup-folder.js';

/**
 * Reads a whole snapshot, and compares it with its manifest.
 * @param onFile Called after each file.
 * @returns a sentence for each fault.
 */
export async function* faultsOf(
  folder: BackupFolder,
  snapshot: SavedSnapshot,
  onFile: () => void,
): AsyncGenerator<string> {
  const { contents, files } = snapshot.manifest;
  let found = 0;
  for (const [name, expected] of Object.entries(contents)) yield* compare(name, snapshot.at(name), expected);
  for await (const file of snapshot.files()) {
    found += 1;
    yield* compare(`${file.storage}/${file.key}`, folder.fileAt(file.storage, file.key), file);
    onFile();
  }
  if (found !== files) yield `The list has ${found} files instead of ${files}.`;
}

async function* compare(name: string, path: string, expected: ByteDigest): AsyncGenerator<string> {
  try {
    const { size, sha256 } = await digestOf(createReadStream(path));
    if (size !== expected.bytes) yield `${name} has ${size} bytes instead of ${expected.bytes}.`;
    else if (sha256 !== expected.sha256)
      yield `${name} has other bytes: SHA-256 ${sha256} instead of ${expected.sha256}.`;
  } catch (error) {
    yield `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
