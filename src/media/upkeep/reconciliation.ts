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
  /** Also reads every object and compares its SHA-256 with its record's. */
  readonly deep?: boolean;
  readonly deleteOrphans?: {
    /** Only orphans that were last modified before this moment. */
    readonly olderThan: Date;
    /** Whatever the guard says. */
    readonly force: boolean;
  };
  readonly onProgress?: (progress: ReconciliationProgress) => void;
}

export interface ReconciliationProgress {
  readonly phase: 'objects' | 'records' | 'deleting';
  /** Objects, records, or orphans, that were looked at. */
  readonly done: number;
  /** How many there will be, as far as can be told: the number of objects is known only after they were listed. */
  readonly expected?: number;
}

/** Deleting orphans could do more harm than good here. Nothing was deleted. */
export class DeletionRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeletionRefusedError';
  }
}

/** What one storage holds. */
interface Tally {
  /** Objects with keys of ours. */
  objects: number;
  /** Orphans that are old enough to go. */
  deletable: number;
  /** Files of living records in this storage. */
  records: number;
}

/** No more of a storage's objects than this are deleted unasked. */
const MAX_SHARE_TO_DELETE = 0.5;

/**
 * Compares storages and records, both ways, beside running servers. Memory is bounded, however much there is: both are
 * read as streams, and what is to be deleted is listed a second time.
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
   * Every finding, as it is found. When orphans are to be deleted they come last, each after it was dealt with.
   * @throws {DeletionRefusedError} before the first deletion, where the guard holds and is not forced.
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
    if (!deleteOrphans.force) guard(tallies);
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
   * Writes a doomed row, then deletes the object. Should this process die in between, the sweeper does the rest; it also
   * removes the row, after LATE.
   */
  private async delete(storage: Storage, orphan: StoredObject): Promise<'deleted' | 'kept' | 'known'> {
    const { journal, deletion, telemetry, timing } = this.parts;
    if (!(await this.orphans.isOrphan(storage, orphan))) return 'known';
    if (!(await journal.addDoomed(orphan, new Date(Date.now() + timing.lateMs)))) return 'known';
    try {
      await deletion.delete([orphan]);
      return 'deleted';
    } catch (error) {
      telemetry.logger.warn({ err: error, key: orphan.key }, 'left the deletion of an orphan to the sweeper');
      return 'kept';
    }
  }
}

function findingOf({ key, storage, size, modifiedAt }: StoredObject): OrphanObject {
  return { kind: 'orphan-object', key, storage, size, modifiedAt };
}

/** A wrong database must not empty a store. */
function guard(tallies: ReadonlyMap<StorageName, Tally>): void {
  for (const [storage, { objects, deletable, records }] of tallies) {
    if (deletable === 0) continue;
    const amount = `${deletable} of the ${objects} objects in storage ${storage}`;
    if (records === 0) {
      throw new DeletionRefusedError(
        `The database knows no file in storage ${storage}, and ${amount} would go. Is this the right database?`,
      );
    }
    if (deletable > objects * MAX_SHARE_TO_DELETE) {
      throw new DeletionRefusedError(`More than half would go: ${amount}. Is this the right database?`);
    }
  }
}
