import type { StoredRecord } from '../database/record-stream.js';

/** A file that a record has in one of its slots. */
export interface RecordFile {
  readonly storage: string;
  readonly key: string;
  readonly contentType: string;
  /** In bytes. */
  readonly size: number;
  /** Absent in records of direct uploads that are still being measured. */
  readonly sha256?: string;
}

/** The field that lists objects which are no longer in a slot. The server deletes them, so they are not backed up. */
const RELEASED = 'released';

/** Returns the files of a record, including those of its captions and resources. */
export function filesOf({ [RELEASED]: _released, ...slots }: StoredRecord): RecordFile[] {
  return Object.values(slots).flatMap(filesIn);
}

function filesIn(value: unknown): RecordFile[] {
  if (Array.isArray(value)) return value.flatMap(filesIn);
  if (typeof value !== 'object' || value === null) return [];
  const { storage, key, contentType, size, sha256 } = value as Record<string, unknown>;
  if (typeof storage === 'string' && typeof key === 'string' && typeof contentType === 'string') {
    // A size is an int32, a long or a double of BSON.
    return [{ storage, key, contentType, size: Number(size), ...(typeof sha256 === 'string' && { sha256 }) }];
  }
  // Captions and resources hold their file in a field.
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value).flatMap(filesIn) : [];
}
