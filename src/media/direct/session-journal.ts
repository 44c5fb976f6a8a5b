import { isDuplicateKey, isTakenId } from '../../database/database-errors.js';
import type { QueryFilter, UpdateQuery } from '../../database/model.js';
import { WITHOUT_LEASE, type PlacedObject } from '../journal/journal.js';
import type { Integrity, SessionFailure, SessionRecord, Verdict } from '../journal/session-record.model.js';
import { UploadRowModel, type UploadRow } from '../journal/upload-row.model.js';
import { objectId } from '../object-reference.js';
import { UPLOAD_STATUSES, type SessionRow, type UploadStatus } from './session-row.js';

/** Which sessions are listed. */
export interface SessionFilter {
  /** Absent: the sessions of all viewers. */
  readonly makerId?: string | undefined;
  readonly status?: UploadStatus | undefined;
}

/** A completion of a session, as far as its lease is concerned. */
export interface LeaseTerm {
  /** Names the run of the completion. */
  readonly holder: string;
  readonly until: Date;
  /** When the session expires, if nothing more happens. */
  readonly deadline: Date;
}

type Filter = QueryFilter<UploadRow>;

/** Sessions that clients know: the storage has begun them, and their start was not given up. */
const KNOWN: Filter = {
  'session.uploadId': { $exists: true },
  $or: [{ state: { $in: ['pending', 'expired'] } }, { 'session.verdict': { $exists: true } }],
};

const OF_STATUS: Readonly<Record<UploadStatus, Filter>> = {
  WAITING: { state: 'pending', 'session.leaseUntil': { $exists: false } },
  VERIFYING: { $or: [{ state: 'expired' }, { state: 'pending', 'session.leaseUntil': { $exists: true } }] },
  PUBLISHED: ended('PUBLISHED'),
  FAILED: ended('FAILED'),
  ABORTED: ended('ABORTED'),
  EXPIRED: ended('EXPIRED'),
};

function ended(verdict: Verdict): Filter {
  return { state: { $in: ['doomed', 'ended'] }, 'session.verdict': verdict };
}

/**
 * The rows of direct uploads. Every method is one command on one document, which can be repeated; what may happen to a
 * row in which state is in docs/architecture.md, "Direct uploads".
 */
export class SessionJournal {
  /**
   * A pending row, before the storage begins the upload.
   * Returns null when the maker has a session with this idempotency key, or when the new row was given up meanwhile.
   */
  async add(object: PlacedObject, session: SessionRecord, deadline: Date): Promise<SessionRow | null> {
    const { storage, key, slot, place } = object;
    const _id = objectId(object);
    const row: SessionRow = { _id, storage, key, slot, ...place, state: 'pending', deadline, session };
    try {
      await UploadRowModel.create(row);
      return row;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The driver sends an insert again when its reply was lost.
      const own = await UploadRowModel.findOne({ _id, 'session.id': session.id }).lean<SessionRow>();
      if (own?.state === 'pending') return row;
      if (own === null && isTakenId(error)) throw error;
      return null;
    }
  }

  /**
   * The storage has begun the upload.
   * Returns false when the row is no longer pending: it was given up, or has expired.
   */
  async begun({ _id }: Pick<UploadRow, '_id'>, uploadId: string, deadline: Date): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(
      { _id, state: 'pending', $or: [{ 'session.uploadId': { $exists: false } }, { 'session.uploadId': uploadId }] },
      { $set: { 'session.uploadId': uploadId, deadline } },
    );
    return matchedCount === 1;
  }

  /**
   * Gives up a start whose upload the row does not name, and frees its idempotency key. No client knows its session, so
   * nothing was or will be published. Says what became of the row.
   * @param due When no upload of this start can arrive at the storage any more.
   */
  async giveUp({ _id }: SessionRow, due: Date): Promise<'doomed' | 'begun' | 'absent'> {
    const doomed = await this.updated(
      { _id, 'session.uploadId': { $exists: false } },
      {
        $set: { state: 'doomed', due },
        $unset: { deadline: 1, 'session.idempotencyKey': 1, 'session.verdict': 1 },
      },
    );
    if (doomed) return 'doomed';
    return (await UploadRowModel.exists({ _id })) ? 'begun' : 'absent';
  }

  /** The session with this id, if clients know it. */
  find(id: string): Promise<SessionRow | null> {
    return UploadRowModel.findOne({ 'session.id': id, ...KNOWN }).lean<SessionRow>();
  }

  /** The session that a viewer started under this idempotency key, also one that the storage has not begun. */
  findByKey(makerId: string, idempotencyKey: string): Promise<SessionRow | null> {
    return UploadRowModel.findOne({
      'session.makerId': makerId,
      'session.idempotencyKey': idempotencyKey,
    }).lean<SessionRow>();
  }

  /** At most `limit` sessions, newest first, behind the one with the id `after`. */
  list(filter: SessionFilter, after: string | undefined, limit: number): Promise<SessionRow[]> {
    return UploadRowModel.find({
      $and: [matching(filter), { 'session.id': after === undefined ? { $exists: true } : { $lt: after } }],
    })
      .sort({ 'session.id': -1 })
      .limit(limit)
      .lean<SessionRow[]>();
  }

  count(filter: SessionFilter): Promise<number> {
    return UploadRowModel.countDocuments(matching(filter));
  }

  /** The number of sessions of all viewers in each status. */
  async countByStatus(): Promise<Record<UploadStatus, number>> {
    const counts = UPLOAD_STATUSES.map(async (status) => [status, await this.count({ status })] as const);
    return Object.fromEntries(await Promise.all(counts)) as Record<UploadStatus, number>;
  }

  /** The announced sizes of the sessions of a viewer that are not over, in bytes. */
  async openSizes(makerId: string): Promise<readonly number[]> {
    const rows = await UploadRowModel.find(
      { 'session.makerId': makerId, state: { $in: ['pending', 'expired'] } },
      { 'session.size': 1 },
    ).lean<SessionRow[]>();
    return rows.map(({ session }) => session.size);
  }

  /** A sign of life. Returns false when the session is no longer open. */
  touch(row: SessionRow, deadline: Date, facts: Partial<TouchedFacts> = {}): Promise<boolean> {
    const noted = Object.fromEntries(Object.entries(facts).map(([name, value]) => [`session.${name}`, value]));
    return this.updated({ _id: row._id, state: 'pending' }, { $set: { deadline, ...noted } });
  }

  /**
   * Parts are about to be signed. Returns false when the session is no longer open or is being completed: so a completion
   * sees that some part was signed without an MD5.
   */
  touchWaiting({ _id }: SessionRow, deadline: Date, withoutMd5: boolean): Promise<boolean> {
    return this.updated(
      { _id, state: 'pending', 'session.leaseUntil': { $exists: false } },
      { $set: { deadline, ...(withoutMd5 && { 'session.signedWithoutMd5': true }) } },
    );
  }

  /**
   * Takes the lease of a session, also one that a dead server has left.
   * Returns null when the session is no longer open, or another completion holds the lease.
   */
  take({ _id }: SessionRow, { holder, until, deadline }: LeaseTerm): Promise<SessionRow | null> {
    const free = [
      { 'session.leaseUntil': { $exists: false } },
      { 'session.leaseUntil': { $lte: new Date() } },
      { 'session.leaseHolder': holder },
    ];
    return UploadRowModel.findOneAndUpdate(
      { _id, state: 'pending', $or: free },
      { $set: { 'session.leaseUntil': until, 'session.leaseHolder': holder, deadline } },
      { returnDocument: 'after' },
    ).lean<SessionRow>();
  }

  /** Renews the lease. Returns false when the session was ended, or another completion holds the lease. */
  renew({ _id }: SessionRow, { holder, until, deadline }: LeaseTerm): Promise<boolean> {
    return this.updated(
      { _id, state: 'pending', 'session.leaseHolder': holder },
      { $set: { 'session.leaseUntil': until, deadline } },
    );
  }

  /** Ends the lease of a completion that failed: the session is WAITING again. */
  async drop({ _id }: SessionRow, holder: string): Promise<void> {
    await this.updated({ _id, state: 'pending', 'session.leaseHolder': holder }, { $unset: WITHOUT_LEASE });
  }

  /** Lets the lease pass now: another server continues the completion. */
  async leave({ _id }: SessionRow, holder: string): Promise<void> {
    const past = { $set: { 'session.leaseUntil': new Date(0) } };
    await this.updated({ _id, state: 'pending', 'session.leaseHolder': holder }, past);
  }

  /** Open sessions whose lease has passed: the server that completed them has died. */
  abandoned(now: Date, limit: number): Promise<SessionRow[]> {
    return UploadRowModel.find({ 'session.leaseUntil': { $lte: now }, state: 'pending' })
      .limit(limit)
      .lean<SessionRow[]>();
  }

  /** Ends an open session: from now on it can no longer be published. Returns false when it was no longer open. */
  kill({ _id }: SessionRow, verdict: Verdict, failure?: SessionFailure): Promise<boolean> {
    const words = { 'session.verdict': verdict, ...(failure && { 'session.failure': failure }) };
    return this.updated({ _id, state: 'pending' }, { $set: { state: 'expired', deadline: new Date(0), ...words } });
  }

  private async updated(filter: Filter, update: UpdateQuery<UploadRow>): Promise<boolean> {
    const { matchedCount } = await UploadRowModel.updateOne(filter, update);
    return matchedCount === 1;
  }
}

/** What is noted of a session together with a sign of life. */
interface TouchedFacts {
  readonly bytesSeen: number;
  readonly integrity: readonly Integrity[];
}

function matching({ makerId, status }: SessionFilter): Filter {
  const own: Filter = makerId === undefined ? {} : { 'session.makerId': makerId };
  return { $and: [KNOWN, own, status === undefined ? {} : OF_STATUS[status]] };
}
