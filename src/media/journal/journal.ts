import { isDuplicateKey } from '../../database/database-errors.js';
import type { StorageName } from '../../storage/storage.js';
import { objectId, type ObjectReference } from '../object-reference.js';
import type { Place, Waiting } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import type { Verdict } from './session-record.model.js';
import { ROW_STATES, UploadRowModel, type RowState, type UploadRow } from './upload-row.model.js';

export type { RowState, UploadRow } from './upload-row.model.js';

/** An object and the place that it was uploaded for. */
export interface PlacedObject extends ObjectReference {
  readonly slot: MediaSlot;
  readonly place: Place;
}

/** For `$unset`: ends the lease of a session. */
export const WITHOUT_LEASE = { 'session.leaseUntil': 1, 'session.leaseHolder': 1 } as const;

/** How long an ended session can be asked for, in milliseconds. */
export const ENDED_FOR_MS = 24 * 60 * 60 * 1_000;

/** The fields of a row that do not depend on its state. */
function factsOf({ storage, key, slot, place: { ownerId, itemId } }: PlacedObject): Partial<UploadRow> {
  return { storage, key, slot, ownerId, ...(itemId !== undefined && { itemId }) };
}

/**
 * The journal of uploads: one row for each object that no owner refers to yet. Every method that changes a row is one
 * update of one document and can be repeated.
 */
export class Journal {
  /**
   * Adds a pending row, before the object is stored.
   * Rejects when the object already has a row of another batch, or one that is no longer pending.
   */
  async addPending(object: PlacedObject, batchId: string, deadline: Date): Promise<void> {
    const _id = objectId(object);
    try {
      await UploadRowModel.create({ _id, ...factsOf(object), state: 'pending', batchId, deadline });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The driver repeats an insert whose reply was lost. Then the row is the one that this call has written.
      const row = await UploadRowModel.findOne({ _id }).lean<UploadRow>();
      if (row?.state !== 'pending' || row.batchId !== batchId) throw error;
    }
  }

  /**
   * Renews the deadline of an upload.
   * Returns false when the row is no longer pending: then the object must not be published.
   */
  async touch(object: ObjectReference, deadline: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id: objectId(object), state: 'pending' },
      { $set: { deadline } },
    );
    return matchedCount === 1;
  }

  /**
   * Marks a row as `doomed`, whatever its state is. Creates the row if there is none. For uploads that were given up.
   */
  async discard(object: PlacedObject, due: Date): Promise<void> {
    await UploadRowModel.updateOne(
      { _id: objectId(object) },
      {
        $set: { state: 'doomed', due },
        $unset: { deadline: 1, batchId: 1, 'session.idempotencyKey': 1, 'session.verdict': 1 },
        $setOnInsert: factsOf(object),
      },
      { upsert: true },
    );
  }

  /**
   * Marks a pending row whose deadline has passed as `expired`: its object can no longer be published.
   * Returns false when the row is not pending, or its deadline was renewed meanwhile.
   */
  async expire(row: Pick<UploadRow, 'storage' | 'key' | 'session'>, now: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id: objectId(row), state: 'pending', deadline: { $lte: now } },
      { $set: { state: 'expired', ...(row.session && { 'session.verdict': 'EXPIRED' }) } },
    );
    return matchedCount === 1;
  }

  /**
   * Marks an expired row as `doomed`: the fenced owner neither holds nor has released the object, and never will.
   * @param verdict How the session of the row ends. Absent when the row has a verdict already.
   */
  async doomExpired(row: ObjectReference, due: Date, verdict?: Verdict): Promise<void> {
    await UploadRowModel.updateOne(
      { _id: objectId(row), state: 'expired' },
      {
        $set: { state: 'doomed', due, ...(verdict && { 'session.verdict': verdict }) },
        $unset: { deadline: 1, batchId: 1, ...WITHOUT_LEASE },
      },
    );
  }

  /**
   * Adds a doomed row for an object that neither an owner nor a row refers to.
   * Returns false when the object has a row by now.
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

  /** Removes the rows of objects that were published. The row of a session becomes `ended`, so that clients can read it. */
  async remove(objects: readonly ObjectReference[]): Promise<void> {
    if (objects.length === 0) return;
    const _id = { $in: objects.map(objectId) };
    const { deletedCount } = await UploadRowModel.deleteMany({ _id, session: { $exists: false } });
    if (deletedCount === objects.length) return;
    await UploadRowModel.updateMany(
      { _id, session: { $exists: true }, state: { $in: ['pending', 'expired'] } },
      {
        $set: { state: 'ended', due: new Date(Date.now() + ENDED_FOR_MS), 'session.verdict': 'PUBLISHED' },
        $unset: { deadline: 1, ...WITHOUT_LEASE, 'session.failure': 1 },
      },
    );
  }

  /**
   * Removes the rows of doomed objects that were deleted. The row of a session with a verdict becomes `ended`, so that
   * clients can read it.
   */
  async removeDoomed(objects: readonly ObjectReference[]): Promise<void> {
    const doomed = { _id: { $in: objects.map(objectId) }, state: 'doomed' } as const;
    const known = { 'session.verdict': { $exists: true } };
    const { deletedCount } = await UploadRowModel.deleteMany({ ...doomed, 'session.verdict': { $exists: false } });
    if (deletedCount === objects.length) return;
    const due = new Date(Date.now() + ENDED_FOR_MS);
    await UploadRowModel.updateMany({ ...doomed, ...known }, { $set: { state: 'ended', due } });
  }

  /** Removes the rows of sessions that can no longer be asked for. Returns how many. */
  async removeEnded(now: Date): Promise<number> {
    const { deletedCount } = await UploadRowModel.deleteMany({ state: 'ended', due: { $lte: now } });
    return deletedCount;
  }

  async find(object: ObjectReference): Promise<UploadRow | null> {
    return UploadRowModel.findOne({ _id: objectId(object) }).lean<UploadRow>();
  }

  /** Returns the ids (`objectId`) of those objects that have a row. */
  async withRow(objects: readonly ObjectReference[]): Promise<ReadonlySet<string>> {
    const filter = { _id: { $in: objects.map(objectId) } };
    const rows = await UploadRowModel.find(filter, { _id: 1 }).lean<UploadRow[]>();
    return new Set(rows.map(({ _id }) => _id));
  }

  /** Returns the keys of all rows for these owners in one storage. */
  async keysOf(storage: StorageName, ownerIds: readonly string[]): Promise<readonly string[]> {
    const rows = await UploadRowModel.find({ storage, ownerId: { $in: ownerIds } }, { key: 1 }).lean<UploadRow[]>();
    return rows.map(({ key }) => key);
  }

  /** Returns pending and expired rows whose deadline has passed, the oldest first. */
  overdue(now: Date, limit: number): Promise<UploadRow[]> {
    return UploadRowModel.find({ state: { $in: ['pending', 'expired'] }, deadline: { $lte: now } })
      .sort({ deadline: 1 })
      .limit(limit)
      .lean<UploadRow[]>();
  }

  /** Returns doomed rows that are due, the oldest first. */
  due(now: Date, limit: number): Promise<UploadRow[]> {
    return UploadRowModel.find({ state: 'doomed', due: { $lte: now } })
      .sort({ due: 1 })
      .limit(limit)
      .lean<UploadRow[]>();
  }

  /**
   * Makes the sweeper skip a row until the time `until`, so that rows behind it are not held up. Does nothing to a
   * pending row, because its upload may be renewing the deadline.
   */
  async postpone({ _id, state }: UploadRow, until: Date): Promise<void> {
    if (state === 'pending') return;
    const field = state === 'doomed' ? 'due' : 'deadline';
    await UploadRowModel.updateOne({ _id, state }, { $set: { [field]: until }, $inc: { failures: 1 } });
  }

  /** Returns how many doomed objects wait for their deletion, and when the next one is due. */
  async waiting(): Promise<Waiting> {
    const [count, next] = await Promise.all([
      UploadRowModel.countDocuments({ state: 'doomed' }),
      UploadRowModel.findOne({ state: 'doomed' }, { due: 1 }).sort({ due: 1 }).lean<UploadRow>(),
    ]);
    return { count, ...(next?.due && { nextDue: next.due }) };
  }

  /** Returns the number of rows in each state. */
  async countByState(): Promise<Record<RowState, number>> {
    const counts = ROW_STATES.map(async (state) => [state, await UploadRowModel.countDocuments({ state })] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<RowState, number>;
  }

  /** How many rows there is something to do about. */
  async count(): Promise<number> {
    return UploadRowModel.countDocuments({ state: { $ne: 'ended' } });
  }
}

/** Returns the object of a row and the place that it was uploaded for. */
export function objectOf({ storage, key, slot, ownerId, itemId }: UploadRow): PlacedObject {
  return { storage, key, slot, place: itemId === undefined ? { ownerId } : { ownerId, itemId } };
}
