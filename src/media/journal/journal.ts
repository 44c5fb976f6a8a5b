import { isDuplicateKey } from '../../database/database-errors.js';
import type { StorageName } from '../../storage/storage.js';
import type { Place } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import {
  MediaObjectModel,
  ROW_STATES,
  type MediaObject,
  type ObjectReference,
  type RowState,
} from './media-object.model.js';

export type { MediaObject, ObjectReference, RowState } from './media-object.model.js';

/** An object and where it belongs. */
export interface JournalledObject extends ObjectReference {
  readonly slot: MediaSlot;
  readonly place: Place;
}

/** What only a row needs whose object may yet be somebody's. */
export const DECIDED = { deadline: 1, requestId: 1, replaces: 1, leaving: 1 } as const;

/** What a row says of its object, whatever its state. */
export function factsOf({ storage, key, slot, place }: JournalledObject): Partial<MediaObject> {
  const { ownerId, itemId } = place;
  return { storage, key, slot, ownerId, ...(itemId !== undefined && { itemId }) };
}

export function rowId(object: ObjectReference): string {
  return `${object.storage}/${object.key}`;
}

/** Whether both are the same object. The same key may be in both storages: see copy-journal.ts. */
export function isSameObject(a: ObjectReference, b: ObjectReference): boolean {
  return a.storage === b.storage && a.key === b.key;
}

export function placeOf(row: MediaObject): Place {
  return row.itemId === undefined ? { ownerId: row.ownerId } : { ownerId: row.ownerId, itemId: row.itemId };
}

export function objectOf(row: MediaObject): JournalledObject {
  return { storage: row.storage, key: row.key, slot: row.slot, place: placeOf(row) };
}

/** The file in whose place a published upload came. */
export function replacedBy(row: MediaObject): JournalledObject | undefined {
  const { replaces, slot } = row;
  return replaces && { storage: replaces.storage, key: replaces.key, slot, place: placeOf(row) };
}

/** The list of unfinished work on objects. Every method is one atomic, repeatable write. */
export class Journal {
  /** Before the first byte: this object may come to be. */
  async addPending(object: JournalledObject, requestId: string, deadline: Date): Promise<void> {
    await MediaObjectModel.updateOne(
      { _id: rowId(object), requestId },
      { $setOnInsert: { ...factsOf(object), state: 'pending', deadline } },
      { upsert: true },
    );
  }

  /**
   * Before an owner lets go of a file: should that be as far as it gets, the sweeper asks the owner once more. The row
   * then belongs to no upload: the object was live.
   */
  async watch(object: JournalledObject, deadline: Date): Promise<void> {
    await MediaObjectModel.updateOne(
      { _id: rowId(object) },
      {
        $set: { state: 'pending', leaving: true, deadline },
        $unset: { requestId: 1 },
        $setOnInsert: factsOf(object),
      },
      { upsert: true },
    );
  }

  /** The request still moves: none of its rows expires before `deadline`. */
  async extend(requestId: string, deadline: Date): Promise<void> {
    await MediaObjectModel.updateMany({ requestId, state: 'pending' }, { $set: { deadline } });
  }

  /** Notes what a publication will replace. False: the row is no longer pending, so nothing may be published. */
  async noteReplaced(object: ObjectReference, replaces: ObjectReference | null): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(object), state: 'pending' },
      replaces ? { $set: { replaces: { storage: replaces.storage, key: replaces.key } } } : { $unset: { replaces: 1 } },
    );
    return matchedCount === 1;
  }

  /** Nobody refers to this object any more. Makes the row when there is none. */
  async doomPublished(object: JournalledObject, deleteAfter: Date): Promise<void> {
    await MediaObjectModel.updateOne(
      { _id: rowId(object) },
      {
        $set: { state: 'doomed', deleteAfter },
        $unset: DECIDED,
        $setOnInsert: factsOf(object),
      },
      { upsert: true },
    );
  }

  /** This object was never published and never can be; what it would have replaced stays. False: it moved on meanwhile. */
  async doomUnpublished(object: ObjectReference, from: 'pending' | 'expired', deleteAfter: Date): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(object), state: from },
      { $set: { state: 'doomed', deleteAfter }, $unset: DECIDED },
    );
    return matchedCount === 1;
  }

  /** A pending row whose deadline has passed can no longer be published. Returns it; null: it moved on meanwhile. */
  async expire(row: ObjectReference, now: Date): Promise<MediaObject | null> {
    return MediaObjectModel.findOneAndUpdate(
      { _id: rowId(row), state: 'pending', deadline: { $lte: now } },
      { $set: { state: 'expired' } },
      { returnDocument: 'after' },
    ).lean<MediaObject>();
  }

  /**
   * An object that nobody knows of: it is to go. False when the journal has a row by now, which then decides. The caller
   * has made sure that no owner refers to it.
   */
  async doomUnknown(object: JournalledObject, deleteAfter: Date): Promise<boolean> {
    try {
      await MediaObjectModel.create({ _id: rowId(object), ...factsOf(object), state: 'doomed', deleteAfter });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** The upload is over, one way or the other. A row that stands for something else by now stays. */
  async removeUpload(object: ObjectReference): Promise<void> {
    const upload = { state: { $in: ['pending', 'expired'] as const }, leaving: { $exists: false } };
    await MediaObjectModel.deleteOne({ _id: rowId(object), ...upload });
  }

  /** An overdue row has been decided: its owner holds the file. A row that is pending again stays. */
  async removeExpired(object: ObjectReference): Promise<void> {
    await MediaObjectModel.deleteOne({ _id: rowId(object), state: 'expired' });
  }

  /** The doomed object is gone. */
  async removeDoomed(object: ObjectReference): Promise<void> {
    await MediaObjectModel.deleteOne({ _id: rowId(object), state: 'doomed' });
  }

  async find(object: ObjectReference): Promise<MediaObject | null> {
    return MediaObjectModel.findById(rowId(object)).lean<MediaObject>();
  }

  /**
   * Which of these keys of one storage the journal accounts for: by a row of their own, whatever its state, or as what
   * an upload replaces whose publication has not been settled.
   */
  async accountedFor(storage: StorageName, keys: readonly string[]): Promise<ReadonlySet<string>> {
    // In this order: whoever settles a publication writes the row of the replaced file before it removes the upload's.
    const uploads = await MediaObjectModel.find(
      { state: { $in: ['pending', 'expired'] }, 'replaces.key': { $in: keys } },
      { replaces: 1 },
    ).lean<MediaObject[]>();
    const rows = await MediaObjectModel.find(
      { _id: { $in: keys.map((key) => rowId({ storage, key })) } },
      { key: 1 },
    ).lean<MediaObject[]>();
    const replaced = uploads.map(({ replaces }) => replaces).filter((reference) => reference?.storage === storage);
    return new Set([...rows, ...replaced].flatMap((reference) => reference?.key ?? []));
  }

  /** The keys of one storage with work open on them for these owners; not those of kept originals. */
  async openKeysOf(storage: StorageName, ownerIds: readonly string[]): Promise<readonly string[]> {
    const open = ['pending', 'expired', 'doomed'] as const;
    const filter = { state: { $in: open }, storage, ownerId: { $in: ownerIds } };
    const rows = await MediaObjectModel.find(filter, { key: 1 }).lean<MediaObject[]>();
    return rows.map(({ key }) => key);
  }

  /** Pending rows past their deadline and rows that an earlier sweep left undecided, oldest first. */
  overdue(now: Date, limit: number): Promise<MediaObject[]> {
    return MediaObjectModel.find({ state: { $in: ['pending', 'expired'] }, deadline: { $lte: now } })
      .sort({ deadline: 1 })
      .limit(limit)
      .lean<MediaObject[]>();
  }

  /** Doomed rows whose time has come, oldest first. */
  due(now: Date, limit: number): Promise<MediaObject[]> {
    return MediaObjectModel.find({ state: 'doomed', deleteAfter: { $lte: now } })
      .sort({ deleteAfter: 1 })
      .limit(limit)
      .lean<MediaObject[]>();
  }

  /** Tries again later: other rows go first. */
  async postpone(row: MediaObject, deleteAfter: Date): Promise<void> {
    await MediaObjectModel.updateOne({ _id: row._id, state: 'doomed' }, { $set: { deleteAfter } });
  }

  /** How many objects wait for their deletion, due or not. */
  async countDoomed(): Promise<number> {
    return MediaObjectModel.countDocuments({ state: 'doomed' });
  }

  /** How many rows there are in each state. */
  async countByState(): Promise<Record<RowState, number>> {
    const counts = ROW_STATES.map(async (state) => [state, await MediaObjectModel.countDocuments({ state })] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<RowState, number>;
  }

  async count(): Promise<number> {
    return MediaObjectModel.countDocuments();
  }
}
