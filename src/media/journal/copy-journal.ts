import { isDuplicateKey } from '../../database/database-errors.js';
import type { StorageName } from '../../storage/storage.js';
import { DECIDED, factsOf, rowId, type JournalledObject } from './journal.js';
import { MediaObjectModel, type MediaObject, type ObjectReference, type RowState } from './media-object.model.js';

/** A migration knows two storages. */
const otherStorage = (name: StorageName): StorageName => (name === 's3' ? 'local' : 's3');

/** The same key in the other storage: a migration copies to there, and what it leaves behind is there. */
export function counterpart<T extends ObjectReference>(object: T): T {
  return Object.assign({}, object, { storage: otherStorage(object.storage) });
}

/**
 * What the journal says when a copy is about to be made.
 * - `new`: nothing; a pending row was written
 * - `unfinished`: an earlier run began it; its row now belongs to this run
 * - `kept`: it is the original of an earlier migration the other way
 * - `taken`: it is being removed or decided
 */
export type Claim = 'new' | 'unfinished' | 'kept' | 'taken';

/**
 * The rows of migrations: copies on their way, and the originals that they leave. An original is `kept` before the
 * owner refers to the copy, so that no crash can come between the two. Every method is one atomic, repeatable write.
 */
export class CopyJournal {
  /** Before the first byte of a copy. A row that this returns as claimed names `requestId`. */
  async claim(copy: JournalledObject, requestId: string, deadline: Date): Promise<Claim> {
    // One without a request is of a file that was live (Journal.watch): nobody's copy.
    const unfinished = { _id: rowId(copy), state: 'pending', requestId: { $exists: true } } as const;
    const { matchedCount } = await MediaObjectModel.updateOne(unfinished, { $set: { requestId, deadline } });
    if (matchedCount === 1) return 'unfinished';
    try {
      await MediaObjectModel.create({ _id: rowId(copy), ...factsOf(copy), state: 'pending', requestId, deadline });
      return 'new';
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return (await this.isKept(copy)) ? 'kept' : 'taken';
    }
  }

  /** Claims a kept original whose bytes are gone, to write it anew. False: it is no longer kept. */
  async reopen(original: ObjectReference, requestId: string, deadline: Date): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(original), state: 'kept' },
      { $set: { state: 'pending', requestId, deadline } },
    );
    return matchedCount === 1;
  }

  /**
   * After the owner was read, before the original is kept and the copy published: nobody sweeps it for now. False: the
   * row is no longer this run's, and nothing may be published.
   */
  async confirm(copy: ObjectReference, requestId: string, deadline: Date): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(copy), state: 'pending', requestId },
      { $set: { deadline } },
    );
    return matchedCount === 1;
  }

  /** This copy will not be published. False: the row is another's by now, and so is the object. */
  async doom(copy: ObjectReference, requestId: string, deleteAfter: Date): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(copy), state: 'pending', requestId },
      { $set: { state: 'doomed', deleteAfter }, $unset: DECIDED },
    );
    return matchedCount === 1;
  }

  /** Takes a claim back that led to no byte. */
  async withdraw(copy: ObjectReference, requestId: string): Promise<void> {
    await MediaObjectModel.deleteOne({ _id: rowId(copy), state: 'pending', requestId });
  }

  /** Before the owner refers to the copy: this object stays. False: it is doomed, so the owner has let go of it. */
  async keep(original: JournalledObject): Promise<boolean> {
    try {
      await MediaObjectModel.updateOne(
        { _id: rowId(original), state: { $ne: 'doomed' } },
        {
          $set: { state: 'kept' },
          $unset: DECIDED,
          $setOnInsert: factsOf(original),
        },
        { upsert: true },
      );
      return true;
    } catch (error) {
      // The row is there and doomed, so the upsert tried to insert it again.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async isKept(object: ObjectReference): Promise<boolean> {
    return (await MediaObjectModel.exists({ _id: rowId(object), state: 'kept' })) !== null;
  }

  /** Nobody needs this original any more. False: it is not kept. */
  async doomKept(original: ObjectReference, deleteAfter: Date): Promise<boolean> {
    const { matchedCount } = await MediaObjectModel.updateOne(
      { _id: rowId(original), state: 'kept' },
      { $set: { state: 'doomed', deleteAfter } },
    );
    return matchedCount === 1;
  }

  /** The owner refers to this object itself: it is no original of another. */
  async forgetKept(object: ObjectReference): Promise<void> {
    await MediaObjectModel.deleteOne({ _id: rowId(object), state: 'kept' });
  }

  /** The rows of a storage in some states, behind a row's id, in the order of ids. */
  rows(storage: StorageName, states: readonly RowState[], after: string, limit: number): Promise<MediaObject[]> {
    return MediaObjectModel.find({ state: { $in: states }, storage, _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit)
      .lean<MediaObject[]>();
  }
}
