import { LecternError } from '../../errors.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import { withBulkheads } from '../bulkhead.js';
import { objectOf, type Journal, type UploadRow } from '../journal/journal.js';
import type { LifeTiming } from '../life-timing.js';
import type { ObjectDeletion } from '../object-deletion.js';
import type { ObjectReference } from '../object-reference.js';
import {
  accountsFor,
  collectionsOf,
  type DueRelease,
  type OwnerCollection,
  type SlotOwner,
  type SlotOwners,
} from '../slot-owner.js';

export interface SweepParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly deletion: ObjectDeletion;
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly telemetry: Telemetry;
  readonly removals: Removals;
  readonly timing: LifeTiming;
}

/** What a sweep asks of the room that knows which records belong to which. */
export interface Removals {
  /** Deletes what is still alive below deleted records. */
  finish(): Promise<void>;
  /** Removes tombstones of before a moment with nothing left to do. */
  removeTombstones(before: Date): Promise<void>;
}

export interface SweepSummary {
  /** Rows that were decided and objects that were deleted. */
  settled: number;
  /** Rows and objects that the sweep failed at. Each was logged, and is tried again later. */
  failed: number;
  /** Rows and objects of a slot or a storage that this server does not know, or that does not answer. */
  passedOver: number;
}

/** How many rows or owners are held at once. */
const BATCH = 100;
/** A collection in which more owners than this fail is left to the next sweep. */
const MAX_FAILED_OWNERS = 1_000;
/** How long a row that failed waits for its next try, in milliseconds; doubled with each further failure. */
const RETRY_MS = 30_000;
const MAX_DOUBLINGS = 7;
/** How long a tombstone stays, in milliseconds: longer than any request that still knows its record. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1_000;

/**
 * One sweep: ends what crashes, faults and lost races have left. Any number may run at the same time, beside running
 * uploads. One bad row, record or storage does not keep the others from being settled.
 */
export class Sweep {
  private readonly summary: SweepSummary = { settled: 0, failed: 0, passedOver: 0 };
  /** Storages that did not answer in this sweep: the next object of theirs is not tried. */
  private readonly unavailable = new Set<StorageName>();

  constructor(
    private readonly parts: SweepParts,
    /** Aborts when the server stops: the sweep ends after the batch that it is at. */
    private readonly stopping: AbortSignal,
  ) {}

  /** Rejects when the database does not answer. */
  async run(): Promise<SweepSummary> {
    const { removals } = this.parts;
    await removals.finish();
    for (const collection of collectionsOf(this.parts.owners)) await this.deleteReleased(collection);
    await this.decideOverdue();
    await this.deleteDoomed();
    if (!this.stopping.aborted) await removals.removeTombstones(new Date(Date.now() - TOMBSTONE_MS));
    return this.summary;
  }

  /** Deletes the released objects of owners that are due. */
  private async deleteReleased(collection: OwnerCollection): Promise<void> {
    const left = new Set<string>();
    while (!this.stopping.aborted && left.size < MAX_FAILED_OWNERS) {
      const found = await collection.dueReleases(new Date(), [...left], BATCH);
      if (found.length === 0) return;
      const releases = found.map(({ ownerId, objects }) => {
        const reachable = objects.filter((object) => this.isReachable(object));
        if (reachable.length < objects.length) left.add(ownerId);
        this.summary.passedOver += objects.length - reachable.length;
        return { ownerId, objects: reachable };
      });
      const work = async (some: readonly DueRelease[]): Promise<void> => {
        // One by one, when they failed together: the first may have shown that a storage is away.
        const reachable = some.filter(({ objects }) => objects.every((object) => this.isReachable(object)));
        for (const release of some.filter((one) => !reachable.includes(one))) {
          left.add(release.ownerId);
          this.summary.passedOver += release.objects.length;
        }
        await this.carryOut(collection, reachable);
      };
      const due = releases.filter(({ objects }) => objects.length > 0);
      await withBulkheads(due, work, ({ ownerId, objects }, error) => {
        left.add(ownerId);
        this.noteFailure(error, objects[0], { ownerId });
      });
    }
  }

  private async carryOut(collection: OwnerCollection, releases: readonly DueRelease[]): Promise<void> {
    if (releases.length === 0) return;
    const { journal, deletion, telemetry } = this.parts;
    const objects = releases.flatMap((release) => release.objects);
    // The rows first: a publisher that slept since its reply was lost must not find its row pending and the entry gone.
    await journal.remove(objects);
    await deletion.delete(objects);
    await telemetry.step('forget', { objects: objects.length }, () => collection.forget(releases));
    this.summary.settled += objects.length;
  }

  /** Decides about uploads whose deadline has passed. */
  private async decideOverdue(): Promise<void> {
    const now = new Date();
    await this.eachBatch(
      () => this.parts.journal.overdue(now, BATCH),
      async (rows) => {
        for (const row of rows) {
          if (this.stopping.aborted) return;
          await withBulkheads([row], () => this.decide(row, now), this.postpone);
        }
      },
    );
  }

  /** Published or not, by the owner's word behind a fence. */
  private async decide(row: UploadRow, now: Date): Promise<void> {
    const { journal, owners, telemetry, timing } = this.parts;
    if (row.state === 'pending' && !(await telemetry.step('expire', row, () => journal.expire(row, now)))) return;
    row.state = 'expired';
    // A row of a newer server may name a slot that this one does not have.
    const owner = owners[row.slot] as SlotOwner | undefined;
    if (!owner) {
      await this.passOver(row);
      return;
    }
    const fenced = await telemetry.step('fence', row, () => owner.collection.fence(row.ownerId));
    // No update that compares an earlier revision succeeds any more, and nobody who reads a later one finds the row pending.
    if (accountsFor(fenced, row)) await telemetry.step('finish', row, () => journal.remove([row]));
    else await telemetry.step('doom', row, () => journal.doomExpired(row, new Date(Date.now() + timing.lateMs)));
    this.summary.settled += 1;
  }

  /** Deletes what uploads that were given up have left. */
  private async deleteDoomed(): Promise<void> {
    await this.eachBatch(
      () => this.parts.journal.due(new Date(), BATCH),
      async (rows) => {
        for (const row of rows.filter((one) => !this.isReachable(one))) await this.passOver(row);
        const reachable = rows.filter((row) => this.isReachable(row));
        await withBulkheads(reachable, (some) => this.eraseDoomed(some), this.postpone);
      },
    );
  }

  private async eraseDoomed(rows: readonly UploadRow[]): Promise<void> {
    const { journal, deletion, telemetry } = this.parts;
    // One by one, when they failed together: the first may have shown that their storage is away.
    if (!rows.every((row) => this.isReachable(row))) {
      for (const row of rows) await this.passOver(row);
      return;
    }
    const objects = rows.map(objectOf);
    // Unfinished uploads end before the object is deleted, so that none of them can complete it afterwards.
    await deletion.endUploads(objects);
    await deletion.delete(objects);
    await telemetry.step('forget', { objects: objects.length }, () => journal.removeDoomed(objects));
    this.summary.settled += rows.length;
  }

  /** Reads batches until there is no row left that has not been tried in this sweep. */
  private async eachBatch(
    read: () => Promise<UploadRow[]>,
    settle: (rows: readonly UploadRow[]) => Promise<void>,
  ): Promise<void> {
    const tried = new Set<string>();
    while (!this.stopping.aborted) {
      const rows = (await read()).filter(({ _id }) => !tried.has(_id));
      if (rows.length === 0) return;
      for (const { _id } of rows) tried.add(_id);
      await settle(rows);
    }
  }

  private isReachable({ storage }: ObjectReference): boolean {
    return this.parts.storageNamed(storage) !== undefined && !this.unavailable.has(storage);
  }

  private async passOver(row: UploadRow): Promise<void> {
    this.summary.passedOver += 1;
    await this.parts.journal.postpone(row, retryTime(row));
  }

  private readonly postpone = async (row: UploadRow, error: unknown): Promise<void> => {
    this.noteFailure(error, row, { row: row._id });
    await this.parts.journal.postpone(row, retryTime(row));
  };

  private noteFailure(error: unknown, object: ObjectReference | undefined, fields: object): void {
    this.summary.failed += 1;
    if (error instanceof LecternError && error.code === 'STORAGE_UNAVAILABLE' && object) {
      this.unavailable.add(object.storage);
    }
    this.parts.telemetry.logger.warn({ err: error, ...fields }, 'the sweep failed at this; it will try again');
  }
}

function retryTime({ failures = 0 }: UploadRow): Date {
  return new Date(Date.now() + RETRY_MS * 2 ** Math.min(failures, MAX_DOUBLINGS));
}
