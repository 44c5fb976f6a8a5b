import type { Place } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import { MediaObjectModel, type MediaObject, type ObjectReference } from './media-object.model.js';

export type { MediaObject, ObjectReference } from './media-object.model.js';

/** An object and where it belongs. */
export interface JournalledObject extends ObjectReference {
  readonly slot: MediaSlot;
  readonly place: Place;
}

/** What only a row needs whose object may yet be somebody's. */
const DECIDED = { deadline: 1, requestId: 1, replaces: 1, leaving: 1 } as const;

/** What a row says of its object, whatever its state. */
function factsOf({ storage, key, slot, place }: JournalledObject): Partial<MediaObject> {
  const { ownerId, itemId } = place;
  return { storage, key, slot, ownerId, ...(itemId !== undefined && { itemId }) };
}

export function rowId(object: ObjectReference): string {
  return `${object.storage}/${object.key}`;
}

export function placeOf(row: MediaObject): Place {
  return row.itemId === undefined ? { ownerId: row.ownerId } : { ownerId: row.ownerId, itemId: row.itemId };
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
    await MediaObjectModel.create({
      _id: rowId(object),
      ...factsOf(object),
      state: 'pending',
      requestId,
      deadline,
    });
  }

  /** Before an owner lets go of a file: should that be as far as it gets, the sweeper asks the owner once more. */
  async watch(object: JournalledObject, deadline: Date): Promise<void> {
    await MediaObjectModel.updateOne(
      { _id: rowId(object) },
      { $set: { state: 'pending', leaving: true, deadline }, $setOnInsert: factsOf(object) },
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

  async count(): Promise<number> {
    return MediaObjectModel.countDocuments();
  }
}
