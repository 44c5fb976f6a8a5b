import { isDuplicateKey } from '../../database/database-errors.js';
import type { StorageName } from '../../storage/storage.js';
import { objectId, type ObjectReference } from '../object-reference.js';
import type { Place, Waiting } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import { ROW_STATES, UploadRowModel, type RowState, type UploadRow } from './upload-row.model.js';

export type { RowState, UploadRow } from './upload-row.model.js';

/** An object and the place that it is meant for. */
export interface PlacedObject extends ObjectReference {
  readonly slot: MediaSlot;
  readonly place: Place;
}

/** The fields of a row that do not depend on its state. */
function factsOf({ storage, key, slot, place: { ownerId, itemId } }: PlacedObject): Partial<UploadRow> {
  return { storage, key, slot, ownerId, ...(itemId !== undefined && { itemId }) };
}

/**
 * The journal of uploads: objects that no owner refers to yet. Every method is one update of one document, which can be
 * repeated.
 */
export class Journal {
  /**
   * Before the first byte: this object may come to be.
   * Rejects when there is a row of another batch, or one that is no longer pending.
   */
  async addPending(object: PlacedObject, batchId: string, deadline: Date): Promise<void> {
    const _id = objectId(object);
    try {
      await UploadRowModel.create({ _id, ...factsOf(object), state: 'pending', batchId, deadline });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The driver sends an insert again when its reply was lost.
      const row = await UploadRowModel.findOne({ _id }).lean<UploadRow>();
      if (row?.state !== 'pending' || row.batchId !== batchId) throw error;
    }
  }

  /**
   * The upload is still going on: postpones its deadline.
   * Returns false when the row is no longer pending: then nothing may be published any more.
   */
  async touch(object: ObjectReference, deadline: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id: objectId(object), state: 'pending' },
      { $set: { deadline } },
    );
    return matchedCount === 1;
  }

  /** Gives an upload up, in whatever state its row is, and also when it has none: its process will not publish it. */
  async discard(object: PlacedObject, due: Date): Promise<void> {
    await UploadRowModel.updateOne(
      { _id: objectId(object) },
      { $set: { state: 'doomed', due }, $unset: { deadline: 1, batchId: 1 }, $setOnInsert: factsOf(object) },
      { upsert: true },
    );
  }

  /** A pending row whose deadline has passed can no longer be published. Returns false when it has moved on meanwhile. */
  async expire(row: ObjectReference, now: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id: objectId(row), state: 'pending', deadline: { $lte: now } },
      { $set: { state: 'expired' } },
    );
    return matchedCount === 1;
  }

  /** The owner was asked behind a fence and does not account for the object: it never will. */
  async doomExpired(row: ObjectReference, due: Date): Promise<void> {
    await UploadRowModel.updateOne(
      { _id: objectId(row), state: 'expired' },
      { $set: { state: 'doomed', due }, $unset: { deadline: 1, batchId: 1 } },
    );
  }

  /**
   * Nothing refers to this object and no row names it: it is to be deleted.
   * Returns false when there is a row by now, which then decides.
   */
  async addDoomed(object: PlacedObject, due: Date): Promise<boolean> {
    try {
      await UploadRowModel.create({ _id: objectId(object), ...factsOf(object), state: 'doomed', due });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** The uploads of these objects are over: they were published. */
  async remove(objects: readonly ObjectReference[]): Promise<void> {
    if (objects.length === 0) return;
    await UploadRowModel.deleteMany({ _id: { $in: objects.map(objectId) } });
  }

  /** The doomed objects have been deleted. */
  async removeDoomed(objects: readonly ObjectReference[]): Promise<void> {
    await UploadRowModel.deleteMany({ _id: { $in: objects.map(objectId) }, state: 'doomed' });
  }

  async find(object: ObjectReference): Promise<UploadRow | null> {
    return UploadRowModel.findOne({ _id: objectId(object) }).lean<UploadRow>();
  }

  /** The ids of those of these objects that have a row. */
  async withRow(objects: readonly ObjectReference[]): Promise<ReadonlySet<string>> {
    const filter = { _id: { $in: objects.map(objectId) } };
    const rows = await UploadRowModel.find(filter, { _id: 1 }).lean<UploadRow[]>();
    return new Set(rows.map(({ _id }) => _id));
  }

  /** The keys of one storage that have a row for one of these owners. */
  async keysOf(storage: StorageName, ownerIds: readonly string[]): Promise<readonly string[]> {
    const rows = await UploadRowModel.find({ storage, ownerId: { $in: ownerIds } }, { key: 1 }).lean<UploadRow[]>();
    return rows.map(({ key }) => key);
  }

  /** Pending rows past their deadline and rows that an earlier sweep left undecided, oldest first. */
  overdue(now: Date, limit: number): Promise<UploadRow[]> {
    return UploadRowModel.find({ state: { $in: ['pending', 'expired'] }, deadline: { $lte: now } })
      .sort({ deadline: 1 })
      .limit(limit)
      .lean<UploadRow[]>();
  }

  /** Doomed rows whose time has come, oldest first. */
  due(now: Date, limit: number): Promise<UploadRow[]> {
    return UploadRowModel.find({ state: 'doomed', due: { $lte: now } })
      .sort({ due: 1 })
      .limit(limit)
      .lean<UploadRow[]>();
  }

  /**
   * The sweeper failed at a row: it tries again at `until`, so that the rows behind it have their turn. A pending row is
   * left alone, since its deadline belongs to its upload.
   */
  async postpone({ _id, state }: UploadRow, until: Date): Promise<void> {
    if (state === 'pending') return;
    const field = state === 'doomed' ? 'due' : 'deadline';
    await UploadRowModel.updateOne({ _id, state }, { $set: { [field]: until }, $inc: { failures: 1 } });
  }

  /** How many doomed objects wait for their deletion, and when the next one is due. */
  async waiting(): Promise<Waiting> {
    const [count, next] = await Promise.all([
      UploadRowModel.countDocuments({ state: 'doomed' }),
      UploadRowModel.findOne({ state: 'doomed' }, { due: 1 }).sort({ due: 1 }).lean<UploadRow>(),
    ]);
    return { count, ...(next?.due && { nextDue: next.due }) };
  }

  /** How many rows there are in each state. */
  async countByState(): Promise<Record<RowState, number>> {
    const counts = ROW_STATES.map(async (state) => [state, await UploadRowModel.countDocuments({ state })] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<RowState, number>;
  }

  async count(): Promise<number> {
    return UploadRowModel.countDocuments();
  }
}

/** The object that a row is about, and the place that it was meant for. */
export function objectOf({ storage, key, slot, ownerId, itemId }: UploadRow): PlacedObject {
  return { storage, key, slot, place: itemId === undefined ? { ownerId } : { ownerId, itemId } };
}
