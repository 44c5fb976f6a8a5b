import { LecternError } from '../../errors.js';
import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import { withBulkheads } from '../bulkhead.js';
import { Decision } from '../decision.js';
import { objectOf, type Journal, type UploadRow } from '../journal/journal.js';
import type { LifeTiming } from '../life-timing.js';
import type { ObjectDeletion } from '../object-deletion.js';
import type { ObjectReference } from '../object-reference.js';
import { collectionsOf, type DueRelease, type OwnerCollection, type SlotOwners } from '../slot-owner.js';

export interface SweepParts {
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly deletion: ObjectDeletion;
  readonly storageNamed: (name: StorageName) => Storage | undefined;
  readonly telemetry: Telemetry;
  readonly removals: Removals;
  readonly timing: LifeTiming;
}

/** What a sweep needs of `src/catalog`, which knows the children of each record. */
export interface Removals {
  /** Deletes the living children of deleted records. */
  finish(): Promise<void>;
  /** Removes tombstones that are older than `before` and have neither living children nor released objects. */
  removeTombstones(before: Date): Promise<void>;
}

export interface SweepSummary {
  /** The number of rows that were decided and objects that were deleted. */
  settled: number;
  /** The number of rows and objects that failed. Each was logged and will be tried again. */
  failed: number;
  /**
   * The number of rows and objects whose slot or storage this server does not know, or whose storage does not answer.
   */
  passedOver: number;
}

/** How many rows or owners are read at once. */
const BATCH = 100;
/** When this many owners of a collection have failed, the rest of the collection waits for the next sweep. */
const MAX_FAILED_OWNERS = 1_000;
/** How long a row waits after its first failure, in milliseconds. Each further failure doubles the time. */
const RETRY_MS = 30_000;
const MAX_DOUBLINGS = 7;
/** How long a tombstone stays, in milliseconds. Requests that began before the deletion must have ended by then. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1_000;

/**
 * One sweep: settles what crashes, faults and lost races have left (docs/architecture.md, "The life of a file", step
 * 7). Any number of sweeps may run at the same time, also while files are uploaded. A row, record or storage that fails
 * is logged and skipped, and the others are settled.
 */
export class Sweep {
  private readonly summary: SweepSummary = { settled: 0, failed: 0, passedOver: 0 };
  /** Storages that did not answer during this sweep. Their objects are skipped. */
  private readonly unavailable = new Set<StorageName>();

  private readonly decision: Decision;

  constructor(
    private readonly parts: SweepParts,
    /** Aborts when the server stops. The sweep then ends after the current batch. */
    private readonly stopping: AbortSignal,
  ) {
    this.decision = new Decision(parts);
  }

  /** Rejects when the database does not answer. */
  async run(): Promise<SweepSummary> {
    const { removals } = this.parts;
    await removals.finish();
    for (const collection of collectionsOf(this.parts.owners)) await this.deleteReleased(collection);
    await this.decideOverdue();
    await this.deleteDoomed();
    await this.parts.journal.removeEnded(new Date());
    if (!this.stopping.aborted) await removals.removeTombstones(new Date(Date.now() - TOMBSTONE_MS));
    return this.summary;
  }

  /** Deletes released objects that are due. */
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
        // After a failure this runs for each owner alone, and an earlier one may have shown that a storage is
        // unavailable.
        const reachable = some.filter(({ objects }) => objects.every((object) => this.isReachable(object)));
        for (const release of some.filter((one) => !reachable.includes(one))) {
          left.add(release.ownerId);
          this.summary.passedOver += release.objects.length;
        }
        await this.deleteAndForget(collection, reachable);
      };
      const due = releases.filter(({ objects }) => objects.length > 0);
      await withBulkheads(due, work, ({ ownerId, objects }, error) => {
        left.add(ownerId);
        this.noteFailure(error, objects[0], { ownerId });
      });
    }
  }

  private async deleteAndForget(collection: OwnerCollection, releases: readonly DueRelease[]): Promise<void> {
    if (releases.length === 0) return;
    const { journal, deletion, telemetry } = this.parts;
    const objects = releases.flatMap((release) => release.objects);
    // Rows first: a suspended publisher whose reply was lost must not find its row still pending and the entry gone,
    // or it would publish the deleted object again.
    await journal.remove(objects);
    await deletion.delete(objects);
    await telemetry.step('forget', { objects: objects.length }, () => collection.forget(releases));
    this.summary.settled += objects.length;
  }

  /** Decides for each upload whose deadline has passed whether it was published. */
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

  /**
   * Expires and fences one upload. If the owner then holds its object or has released it, the upload was published and
   * its row is removed. Otherwise the row is marked as `doomed`.
   */
  private async decide(row: UploadRow, now: Date): Promise<void> {
    const { journal, telemetry } = this.parts;
    if (row.state === 'pending' && !(await telemetry.step('expire', row, () => journal.expire(row, now)))) return;
    row.state = 'expired';
    if (!(await this.decision.decide(row))) {
      await this.passOver(row);
      return;
    }
    this.summary.settled += 1;
  }

  /** Deletes the objects of doomed rows that are due. */
  private async deleteDoomed(): Promise<void> {
    await this.eachBatch(
      () => this.parts.journal.due(new Date(), BATCH),
      async (rows) => {
        for (const row of rows.filter((one) => !this.isReachable(one))) await this.passOver(row);
        const reachable = rows.filter((row) => this.isReachable(row));
        await withBulkheads(reachable, (some) => this.deleteDoomedObjects(some), this.postpone);
      },
    );
  }

  private async deleteDoomedObjects(rows: readonly UploadRow[]): Promise<void> {
    const { journal, deletion, telemetry } = this.parts;
    // After a failure this runs for each row alone, and an earlier one may have shown that a storage is unavailable.
    if (!rows.every((row) => this.isReachable(row))) {
      for (const row of rows) await this.passOver(row);
      return;
    }
    const objects = rows.map(objectOf);
    // Ends unfinished uploads before it deletes, because their completion would create the object again.
    await deletion.endUploads(objects);
    await deletion.delete(objects);
    await telemetry.step('forget', { objects: objects.length }, () => journal.removeDoomed(objects));
    this.summary.settled += rows.length;
  }

  /** Reads and settles batches until every row was tried once in this sweep. */
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
    this.parts.telemetry.logger.warn({ err: error, ...fields }, 'a step of the sweep failed; it will be tried again');
  }
}

function retryTime({ failures = 0 }: UploadRow): Date {
  return new Date(Date.now() + RETRY_MS * 2 ** Math.min(failures, MAX_DOUBLINGS));
}
