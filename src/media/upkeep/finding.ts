import type { StorageName } from '../../storage/storage.js';
import type { MediaSlot } from '../slots.js';

interface FindingBase {
  /** The key of the object. For a temporary file of the local storage: its path. */
  readonly key: string;
  readonly storage: StorageName;
}

/** An object that no record refers to and that has no row in the journal. */
export interface OrphanObject extends FindingBase {
  readonly kind: 'orphan-object';
  readonly size: number;
  readonly modifiedAt: Date;
  /** Whether it was deleted. Absent when the deletion of orphans was not asked for. */
  readonly deleted?: boolean;
}

/** A temporary file or multipart upload that has no row in the journal. */
export interface UnfinishedUpload extends FindingBase {
  readonly kind: 'unfinished-upload';
  readonly begunAt: Date;
}

interface RecordFinding extends FindingBase {
  readonly slot: MediaSlot;
  readonly ownerId: string;
  readonly itemId?: string;
}

/** A record refers to an object that does not exist. */
export interface DanglingRecord extends RecordFinding {
  readonly kind: 'dangling-record';
}

/** A record names a storage that is not configured, so its object cannot be checked. */
export interface UnknownStorage extends RecordFinding {
  readonly kind: 'unknown-storage';
}

/** The size of the object differs from its record. Sizes are in bytes. */
export interface WrongSize extends RecordFinding {
  readonly kind: 'wrong-size';
  readonly expected: number;
  readonly found: number;
}

/** The SHA-256 of the object, in lower-case hex, differs from its record. */
export interface WrongChecksum extends RecordFinding {
  readonly kind: 'wrong-checksum';
  readonly expected: string;
  readonly found: string;
}

/** One difference between records and storages. */
export type Finding = OrphanObject | UnfinishedUpload | DanglingRecord | UnknownStorage | WrongSize | WrongChecksum;
