import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';

interface FindingBase {
  /** The key of the object; of a temporary file on a disk, its name. */
  readonly key: string;
  readonly storage: StorageName;
}

/** An object that no record refers to and the journal does not know of. */
export interface OrphanObject extends FindingBase {
  readonly kind: 'orphan-object';
  readonly size: number;
  readonly modifiedAt: Date;
  /** Only when orphans were to be deleted. */
  readonly deleted?: boolean;
}

/** What an interrupted upload left in the storage, and the journal does not know of. */
export interface UnfinishedUpload extends FindingBase {
  readonly kind: 'unfinished-upload';
  readonly begunAt: Date;
}

interface RecordFinding extends FindingBase {
  readonly slot: MediaSlot;
  readonly ownerId: string;
  readonly itemId?: string;
}

/** A record refers to an object that is not there. */
export interface DanglingRecord extends RecordFinding {
  readonly kind: 'dangling-record';
}

/** A record names a storage that is not configured, so nothing can be said of its object. */
export interface UnknownStorage extends RecordFinding {
  readonly kind: 'unknown-storage';
}

/** The object has another size than its record says. In bytes. */
export interface WrongSize extends RecordFinding {
  readonly kind: 'wrong-size';
  readonly expected: number;
  readonly found: number;
}

/** The object's bytes are not those of its record. SHA-256, in lower-case hex. */
export interface WrongChecksum extends RecordFinding {
  readonly kind: 'wrong-checksum';
  readonly expected: string;
  readonly found: string;
}

/** One disagreement between records and storages. */
export type Finding = OrphanObject | UnfinishedUpload | DanglingRecord | UnknownStorage | WrongSize | WrongChecksum;
