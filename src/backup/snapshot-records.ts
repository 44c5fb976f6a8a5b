import { createReadStream } from 'node:fs';
import { decodeRecords, type StoredRecord } from '../database/record-stream.js';

/** Reads the records in a file of a snapshot. */
export function recordsIn(path: string): AsyncGenerator<StoredRecord> {
  return decodeRecords(createReadStream(path));
}

/** How many ids are in memory at the same time: about 10 MB. */
const IDS_AT_ONCE = 100_000;

/**
 * Yields the records whose owner exists. Reads the records once for each `idsAtOnce` owners.
 * @param records Reads the records from the beginning.
 * @param field The field with the id of the owner.
 */
export async function* withOwner(
  records: () => AsyncIterable<StoredRecord>,
  field: string,
  owners: AsyncIterable<StoredRecord>,
  idsAtOnce = IDS_AT_ONCE,
): AsyncGenerator<StoredRecord> {
  const ids = new Set<string>();
  async function* ofTheseOwners(): AsyncGenerator<StoredRecord> {
    for await (const record of records()) if (ids.has(String(record[field]))) yield record;
    ids.clear();
  }
  for await (const { _id } of owners) {
    ids.add(_id);
    if (ids.size >= idsAtOnce) yield* ofTheseOwners();
  }
  if (ids.size > 0) yield* ofTheseOwners();
}
