import { createReadStream } from 'node:fs';
import { digestOf } from '../digest.js';
import type { NewSnapshot, SavedFile } from './backup-folder.js';
import { COLLECTIONS } from './collections.js';
import { filesOf } from './record-files.js';
import { recordsIn } from './snapshot-records.js';

/** The list of the files that the records of a snapshot have. */
export class FileList {
  /** How many have been listed. */
  files = 0;
  /** Their size. */
  bytes = 0;

  constructor(private readonly snapshot: NewSnapshot) {}

  /** A line of JSON for each file. */
  async *lines(): AsyncGenerator<string> {
    for (const { name } of COLLECTIONS) {
      for await (const record of recordsIn(this.snapshot.at(`${name}.bson`))) {
        for (const file of filesOf(record)) {
          const { storage, key, contentType, size: bytes } = file;
          const sha256 = file.sha256 ?? (await digestOf(createReadStream(this.snapshot.pathOf(file)))).sha256;
          const saved: SavedFile = { storage, key, contentType, bytes, sha256 };
          yield `${JSON.stringify(saved)}\n`;
          this.files += 1;
          this.bytes += bytes;
        }
      }
    }
  }
}
