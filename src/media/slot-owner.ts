import { fileId, type MediaFile } from './media-file.model.js';
import { isSameObject, type ObjectReference } from './object-reference.js';
import type { OwnerRecord, ReleasedObject } from './owner-record.model.js';
import type { MediaSlot } from './slots.js';

/**
 * The owner port: what `src/media` needs of the records that hold files. The record alone says which file is live (see
 * docs/architecture.md, "The life of a file"). `document-owners.ts` implements the port for MongoDB documents.
 */

/** Where a file belongs: the owner's record and, if the slot is a list, the item of the list. */
export interface Place {
  readonly ownerId: string;
  readonly itemId?: string;
}

/** A file and its place. */
export interface OwnedFile {
  readonly place: Place;
  readonly file: MediaFile;
}

/** The fields of a list item besides its file. `src/media` does not look at them. */
export type ItemFacts = Readonly<Record<string, unknown>>;

/** An owner's record as it was read from the database. */
export type OwnerRecordAsRead = Readonly<{ _id: string } & Partial<OwnerRecord>>;

/** The same, whatever its kind: its other fields are found by their names. */
export type OwnerDocument = OwnerRecordAsRead & { readonly [field: string]: unknown };

/** An owner as it was read from the database. */
export interface OwnerState {
  readonly id: string;
  /** Undefined in a record that was written by a version without revisions. */
  readonly revision: number | undefined;
  /** True when the record is marked as deleted: no file can be published in it. */
  readonly deleted: boolean;
  /** The files of all its slots. */
  readonly files: readonly OwnedFile[];
  readonly released: readonly ReleasedObject[];
  readonly document: OwnerDocument;
}

/** An owner as it was read, with the file in one of its places. Null: the place is empty. */
export interface PlaceState extends OwnerState {
  readonly file: MediaFile | null;
}

/** A change of the file in one place. */
export interface Swap {
  /** The new file. Null empties the place. */
  readonly next: MediaFile | null;
  /** The other fields of a new list item. An existing item keeps its own. */
  readonly facts?: ItemFacts | undefined;
  /** When the sweeper may delete the file that was in the place. */
  readonly releaseAt: Date;
}

/** One slot of the records in a collection. */
export interface SlotOwner {
  readonly collection: OwnerCollection;
  /** Reads the owner and the file in this place. Returns null when there is no such record. */
  read(place: Place): Promise<PlaceState | null>;
  /**
   * By one update, puts `next` into the place and the file that was there onto `released`.
   * Returns false, and changes nothing, when the owner was changed or deleted since it was read (`seen`).
   */
  swap(place: Place, seen: PlaceState, swap: Swap): Promise<boolean>;
  /**
   * By one update, changes fields of the file in the place. The file keeps its object.
   * Returns false, and changes nothing, when the owner was changed or deleted since it was read (`seen`).
   */
  amend(place: Place, seen: PlaceState, file: MediaFile): Promise<boolean>;
  /**
   * Yields every file of this slot whose owner is not deleted, in bounded memory. The reader may take any time.
   * @param options.unmeasured Skips owners whose files in this slot have all been measured.
   */
  files(options?: { readonly unmeasured?: boolean }): AsyncIterable<OwnedFile>;
}

export type SlotOwners = Readonly<Record<MediaSlot, SlotOwner>>;

/** Released objects of one owner whose `due` has passed. */
export interface DueRelease {
  readonly ownerId: string;
  readonly objects: readonly ReleasedObject[];
}

/** All records in one collection, with all their slots. */
export interface OwnerCollection {
  /** Returns null when there is no such record. */
  read(ownerId: string): Promise<OwnerState | null>;
  /**
   * Marks owners as deleted, each by one update that also puts all its files onto `released`.
   * Returns the ids of those that are deleted now. An owner that was changed since it was read (`seen`) is not changed.
   */
  markDeleted(seen: readonly OwnerState[], releaseAt: Date): Promise<ReadonlySet<string>>;
  /**
   * Increments the revision, so that updates which compare an earlier revision fail. Returns the owner. If there is no
   * such record, creates a tombstone with its id, so that a late insert of the record fails.
   */
  fence(ownerId: string): Promise<OwnerState>;
  /** The objects (by `objectId`) that these owners hold or have on `released`. Tombstones are included. */
  heldBy(ownerIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Returns up to `limit` owners with released objects that are due, without the owners in `except`. */
  dueReleases(now: Date, except: readonly string[], limit: number): Promise<readonly DueRelease[]>;
  /**
   * Adds an object to `released`.
   * Returns false when the owner was changed or deleted since it was read (`seen`).
   */
  release(seen: OwnerState, object: ReleasedObject): Promise<boolean>;
  /** Yields every tombstone, in bounded memory. */
  tombstones(): AsyncIterable<OwnerState>;
  /** Moves the files of a deleted owner to `released`. Version 0.1 left files in deleted records. */
  releaseDeleted(seen: OwnerState, releaseAt: Date): Promise<void>;
  /** Removes objects that were deleted from `released`. */
  forget(releases: readonly DueRelease[]): Promise<void>;
  /** How many released objects there are, and when the next is due. */
  waiting(): Promise<Waiting>;
}

/** Objects that the sweeper will delete. */
export interface Waiting {
  readonly count: number;
  /** When the next one is due. Absent when there is none. */
  readonly nextDue?: Date;
}

/** Returns true when the owner holds this object or has released it: in both cases it was published. */
export function accountsFor(owner: OwnerState, object: ObjectReference): boolean {
  return (
    owner.files.some(({ file }) => isSameObject(file, object)) ||
    owner.released.some((released) => isSameObject(released, object))
  );
}

/** Whether the owner holds, or has released, a file with this id, under whatever key. */
export function hasPublished(owner: OwnerState, id: string): boolean {
  return owner.files.some(({ file }) => fileId(file) === id) || owner.released.some((object) => object.fileId === id);
}

/** The collections that have slots, each once. */
export function collectionsOf(owners: SlotOwners): readonly OwnerCollection[] {
  return [...new Set(Object.values(owners).map(({ collection }) => collection))];
}
