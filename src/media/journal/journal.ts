import { isDuplicateKey } from '../../database/database-errors.js';
import type { StorageName } from '../../storage/storage.js';
import { objectId, type ObjectReference } from '../object-reference.js';
import type { Place, Waiting } from '../slot-owner.js';
import type { MediaSlot } from '../slots.js';
import type { Verdict } from './session-record.model.js';
import { ROW_STATES, UploadRowModel, type RowState, type UploadRow } from './upload-row.model.js';

export type { RowState, UploadRow } from './upload-row.model.js';

/** An object and the place that it is meant for. */
export interface PlacedObject extends ObjectReference {
  readonly slot: MediaSlot;
  readonly place: Place;
}

/** For an update: nobody completes the session any more. */
export const WITHOUT_LEASE = { 'session.leaseUntil': 1, 'session.leaseHolder': 1 } as const;

/** How long an ended session can be asked for, in milliseconds. */
export const ENDED_FOR_MS = 24 * 60 * 60 * 1_000;

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
      {
        $set: { state: 'doomed', due },
        $unset: { deadline: 1, batchId: 1, 'session.idempotencyKey': 1, 'session.verdict': 1 },
        $setOnInsert: factsOf(object),
      },
      { upsert: true },
    );
  }

  /** A pending row whose deadline has passed can no longer be published. Returns false when it has moved on meanwhile. */
  async expire(row: Pick<UploadRow, 'storage' | 'key' | 'session'>, now: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id: objectId(row), state: 'pending', deadline: { $lte: now } },
      { $set: { state: 'expired', ...(row.session && { 'session.verdict': 'EXPIRED' }) } },
    );
    return matchedCount === 1;
  }

  /**
   * The owner was asked behind a fence and does not account for the object: it never will.
   * @param verdict How the session of the row ends, where that is not what the row says already.
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

  /** The uploads of these objects are over: they were published. The row of a session stays for its clients, as ended. */
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

  /** The doomed objects have been deleted. The row of a session that a client knows stays for its clients, as ended. */
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

  /** How many rows there is something to do about. */
  async count(): Promise<number> {
    return UploadRowModel.countDocuments({ state: { $ne: 'ended' } });
  }
}

/** The object that a row is about, and the place that it was meant for. */
export function objectOf({ storage, key, slot, ownerId, itemId }: UploadRow): PlacedObject {
  return { storage, key, slot, place: itemId === undefined ? { ownerId } : { ownerId, itemId } };
}
