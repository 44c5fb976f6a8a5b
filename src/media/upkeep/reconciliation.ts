import type { Storage, StorageName } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { Journal } from '../journal/journal.js';
import type { LifeTiming } from '../life-timing.js';
import type { ObjectDeletion } from '../object-deletion.js';
import type { SlotOwners } from '../slot-owner.js';
import type { MediaSlot, SlotRules } from '../slots.js';
import type { Finding, OrphanObject } from './finding.js';
import { OrphanSearch, type StoredObject } from './orphan-search.js';
import { RecordCheck } from './record-check.js';

export type { Finding } from './finding.js';

export interface ReconciliationParts {
  /** Every configured storage. */
  readonly storages: readonly Storage[];
  readonly journal: Journal;
  readonly owners: SlotOwners;
  readonly slots: Readonly<Record<MediaSlot, SlotRules>>;
  readonly deletion: ObjectDeletion;
  readonly timing: LifeTiming;
  readonly telemetry: Telemetry;
}

export interface ReconciliationOptions {
  /** Also reads every object and compares its SHA-256 with that of its record. */
  readonly deep?: boolean;
  readonly deleteOrphans?: {
    /** Only orphans that were last modified before this time. */
    readonly olderThan: Date;
    /** Skips the check that refuses suspicious deletions (`assertPlausible`). */
    readonly force: boolean;
  };
  readonly onProgress?: (progress: ReconciliationProgress) => void;
}

export interface ReconciliationProgress {
  readonly phase: 'objects' | 'records' | 'deleting';
  /** How many objects, records or orphans (by `phase`) were looked at. */
  readonly done: number;
  /** How many there are. Absent while objects are listed, because their number is not known yet. */
  readonly expected?: number;
}

/** The deletion of orphans was refused, because the database is probably the wrong one. Nothing was deleted. */
export class DeletionRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeletionRefusedError';
  }
}

/** Counts for one storage. */
interface Tally {
  /** Objects whose keys Lectern made. */
  objects: number;
  /** Orphans that are old enough to be deleted. */
  deletable: number;
  /** Files of records that are not deleted. */
  records: number;
}

/** The largest share of a storage's objects that is deleted without `force`. */
const MAX_SHARE_TO_DELETE = 0.5;

/**
 * Compares storages with records and records with storages, while servers run. Uses bounded memory: it reads both as
 * streams, and lists the objects a second time to delete orphans.
 */
export class Reconciliation {
  private readonly orphans: OrphanSearch;
  private readonly records: RecordCheck;

  constructor(private readonly parts: ReconciliationParts) {
    const { storages, journal, owners, slots } = parts;
    const storageNamed = (name: StorageName): Storage | undefined => storages.find((storage) => storage.name === name);
    this.orphans = new OrphanSearch({ journal, owners, slots });
    this.records = new RecordCheck({ owners, storageNamed });
  }

  /**
   * Yields every finding as soon as it is found. With `deleteOrphans`, orphans come last, each after it was deleted or
   * kept.
   * @throws {DeletionRefusedError} before the first deletion, when `assertPlausible` refuses and `force` is false.
   */
  async *findings({ deep = false, deleteOrphans, onProgress }: ReconciliationOptions = {}): AsyncGenerator<Finding> {
    const tallies = new Map<StorageName, Tally>();
    let objects = 0;
    for (const storage of this.parts.storages) {
      const tally: Tally = { objects: 0, deletable: 0, records: 0 };
      tallies.set(storage.name, tally);
      const seen = (count: number): void => {
        tally.objects += count;
        onProgress?.({ phase: 'objects', done: (objects += count) });
      };
      for await (const orphan of this.orphans.objects(storage, seen)) {
        if (deleteOrphans === undefined) yield findingOf(orphan);
        else if (orphan.modifiedAt <= deleteOrphans.olderThan) tally.deletable += 1;
      }
      yield* this.orphans.unfinished(storage);
    }

    let records = 0;
    yield* this.records.findings({
      deep,
      seen: ({ storage }) => {
        const tally = tallies.get(storage);
        if (tally) tally.records += 1;
        onProgress?.({ phase: 'records', done: (records += 1), expected: objects });
      },
    });

    if (deleteOrphans === undefined) return;
    if (!deleteOrphans.force) assertPlausible(tallies);
    const deletable = [...tallies.values()].reduce((sum, tally) => sum + tally.deletable, 0);
    let done = 0;
    for (const storage of this.parts.storages) {
      for await (const orphan of this.orphans.objects(storage, () => undefined)) {
        const old = orphan.modifiedAt <= deleteOrphans.olderThan;
        if (old) onProgress?.({ phase: 'deleting', done: (done += 1), expected: deletable });
        const outcome = old ? await this.delete(storage, orphan) : 'kept';
        if (outcome !== 'known') yield { ...findingOf(orphan), deleted: outcome === 'deleted' };
      }
    }
  }

  /**
   * Writes a doomed row, then deletes the object. If this process dies in between, the sweeper deletes the object. The
   * sweeper removes the row after LATE.
   * Returns `known` when it is no longer an orphan, and `kept` when the deletion failed.
   */
  private async delete(storage: Storage, orphan: StoredObject): Promise<'deleted' | 'kept' | 'known'> {
    const { journal, deletion, telemetry, timing } = this.parts;
    if (!(await this.orphans.isOrphan(storage, orphan))) return 'known';
    if (!(await journal.addDoomed(orphan, new Date(Date.now() + timing.lateMs)))) return 'known';
    try {
      await deletion.delete([orphan]);
      return 'deleted';
    } catch (error) {
      telemetry.logger.warn({ err: error, key: orphan.key }, 'could not delete an orphan; the sweeper will');
      return 'kept';
    }
  }
}

function findingOf({ key, storage, size, modifiedAt }: StoredObject): OrphanObject {
  return { kind: 'orphan-object', key, storage, size, modifiedAt };
}

/** Throws DeletionRefusedError when so many objects would be deleted that the database is probably the wrong one. */
function assertPlausible(tallies: ReadonlyMap<StorageName, Tally>): void {
  for (const [storage, { objects, deletable, records }] of tallies) {
    if (deletable === 0) continue;
    const amount = `${deletable} of the ${objects} objects in storage ${storage}`;
    if (records === 0) {
      throw new DeletionRefusedError(
        `No record refers to a file in storage ${storage}, and ${amount} would be deleted. Is this the right database?`,
      );
    }
    if (deletable > objects * MAX_SHARE_TO_DELETE) {
      throw new DeletionRefusedError(`More than half would be deleted: ${amount}. Is this the right database?`);
    }
  }
}
