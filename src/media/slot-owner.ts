import type { MediaFile } from './media-file.model.js';
import { isSameObject, type ObjectReference } from './object-reference.js';
import type { OwnerRecord, ReleasedObject } from './owner-record.model.js';
import type { MediaSlot } from './slots.js';

/**
 * The owner port: what media asks of the records that hold files. The record is the authority on which file is live
 * (docs/architecture.md, "The life of a file"). `document-owners.ts` implements it for MongoDB documents.
 */

/** Where a file belongs: the owner's record, and the item of its list when the slot holds many. */
export interface Place {
  readonly ownerId: string;
  readonly itemId?: string;
}

/** A file and its place. */
export interface OwnedFile {
  readonly place: Place;
  readonly file: MediaFile;
}

/** What a list keeps beside the file of an item: the owner's business. */
export type ItemFacts = Readonly<Record<string, unknown>>;

/** What media reads of an owner's document. */
export type OwnerDocument = Readonly<{ _id: string } & Partial<OwnerRecord> & { readonly [field: string]: unknown }>;

/** An owner as it was read. */
export interface OwnerState {
  readonly id: string;
  /** Undefined in a record that a version without revisions wrote. */
  readonly revision: number | undefined;
  /** Marked as deleted: nothing can be published here any more. */
  readonly deleted: boolean;
  /** The files of all its slots. */
  readonly files: readonly OwnedFile[];
  readonly released: readonly ReleasedObject[];
  readonly document: OwnerDocument;
}

/** An owner as it was read, and the file that one of its places holds. */
export interface PlaceState extends OwnerState {
  readonly file: MediaFile | null;
}

/** A change of the file in one place. */
export interface Swap {
  /** The file that comes into the place; null empties it. */
  readonly next: MediaFile | null;
  /** What a new item of a list keeps beside its file. An existing item keeps what it has. */
  readonly facts?: ItemFacts | undefined;
  /** When the bytes of the file that was in the place may be deleted. */
  readonly releaseAt: Date;
}

/** One slot of the owners in a collection. */
export interface SlotOwner {
  readonly collection: OwnerCollection;
  /** The owner and the file in this place, or null when there is no such record. */
  read(place: Place): Promise<PlaceState | null>;
  /**
   * One update: puts `next` into the place and the file that was there onto `released`.
   * Returns false, and changes nothing, when the owner is no longer as it was `seen`, or is deleted.
   */
  swap(place: Place, seen: PlaceState, swap: Swap): Promise<boolean>;
  /**
   * One update: changes what the record says of the file in the place. Its object stays the same.
   * Returns false, and changes nothing, when the owner is no longer as it was `seen`, or is deleted.
   */
  amend(place: Place, seen: PlaceState, file: MediaFile): Promise<boolean>;
  /**
   * Every file of this slot that a living owner holds, in bounded memory, for as long as the reader takes. With
   * `unmeasured` only owners are read of which some file here has no `measured`.
   */
  files(options?: { readonly unmeasured?: boolean }): AsyncIterable<OwnedFile>;
}

export type SlotOwners = Readonly<Record<MediaSlot, SlotOwner>>;

/** Objects of one owner that are due to be deleted. */
export interface DueRelease {
  readonly ownerId: string;
  readonly objects: readonly ReleasedObject[];
}

/** The owners in one collection, whatever slots they have. */
export interface OwnerCollection {
  /** Null when there is no such record. */
  read(ownerId: string): Promise<OwnerState | null>;
  /**
   * Marks owners as deleted, each by one update that also puts all its files onto `released`.
   * Returns the ids of those that are deleted now. One that changed since it was `seen` is left as it is.
   */
  markDeleted(seen: readonly OwnerState[], releaseAt: Date): Promise<ReadonlySet<string>>;
  /**
   * Raises the revision, so that no update that compares an earlier one can succeed, and returns the owner. An owner that
   * is not there gets a tombstone under its id, so that a late insert of it fails.
   */
  fence(ownerId: string): Promise<OwnerState>;
  /** The objects (`objectId`) that these owners hold or have on `released`; tombstones included. */
  heldBy(ownerIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Owners with released objects whose time has come, but for those in `except`. */
  dueReleases(now: Date, except: readonly string[], limit: number): Promise<readonly DueRelease[]>;
  /**
   * Adds an object to `released`: the owner accounts for it from now on.
   * Returns false when the owner is no longer as it was `seen`.
   */
  release(seen: OwnerState, object: ReleasedObject): Promise<boolean>;
  /** Every tombstone, in bounded memory. */
  tombstones(): AsyncIterable<OwnerState>;
  /** Puts the files that a deleted owner still holds onto `released`: version 0.1 did not do it in one update. */
  releaseDeleted(seen: OwnerState, releaseAt: Date): Promise<void>;
  /** Takes objects that have been deleted off `released`. */
  forget(releases: readonly DueRelease[]): Promise<void>;
  /** How many released objects there are, and when the next is due. */
  waiting(): Promise<Waiting>;
}

/** Objects that wait for their deletion. */
export interface Waiting {
  readonly count: number;
  /** When the next one is due; absent when there is none. */
  readonly nextDue?: Date;
}

/** Whether the owner holds this object, or has released it: in both cases it was published here. */
export function accountsFor(owner: OwnerState, object: ObjectReference): boolean {
  return (
    owner.files.some(({ file }) => isSameObject(file, object)) ||
    owner.released.some((released) => isSameObject(released, object))
  );
}

/** The collections behind slots, each once. */
export function collectionsOf(owners: SlotOwners): readonly OwnerCollection[] {
  return [...new Set(Object.values(owners).map(({ collection }) => collection))];
}
