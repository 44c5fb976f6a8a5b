import { LeaseHolder } from '../database/lease.js';
import { RepeatedTask } from '../repeated-task.js';
import type { Telemetry } from '../telemetry.js';
import { DERIVED_RECORDS, type DerivedRecords, type OldRecord, type UpdatedRecord } from './derived-records.js';

/** The lease by which only one server does the work at a time. */
const LEASE = 'rebuild';
/** Time between two runs, in milliseconds. An older server that runs at the same time may write old records. */
const INTERVAL_MS = 600_000;
/** How many records are read and written at once. */
const BATCH = 100;

export interface RebuildProgress {
  /** The current collection. */
  readonly collection: string;
  readonly done: number;
  /** The number of old records when the run began. */
  readonly total: number;
}

export interface RebuildOptions {
  /** Aborting ends the run after the current batch. The next run continues with the rest. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Called before each batch. Returns false to end the run. */
  readonly mayContinue?: () => Promise<boolean>;
}

export interface RebuildSummary {
  readonly updated: number;
  /** The number of records whose derived fields could not be computed. Each is logged, and the next run tries again. */
  readonly failed: number;
}

/**
 * Updates records whose list keys, title keys or words were derived by an earlier version of Lectern. Servers do it in
 * the background; `lectern rebuild` does it at once. Several servers and commands may do it at the same time: an update
 * compares the record with what was read, so no change is lost.
 */
export class Rebuilding {
  private readonly lease = new LeaseHolder();
  private readonly stopping = new AbortController();
  private background: RepeatedTask | undefined;

  constructor(
    private readonly telemetry: Telemetry,
    /** How long other servers cannot rebuild after a server died, in milliseconds. Renewed with each batch. */
    private readonly leaseMs: number,
    private readonly records: readonly DerivedRecords[] = DERIVED_RECORDS,
  ) {}

  /** Starts background runs, now and every ten minutes, until `stop`. */
  start(): void {
    const { logger } = this.telemetry;
    this.background = new RepeatedTask({
      everyMs: INTERVAL_MS,
      run: () => this.runUnderLease(),
      onError: (error) =>
        logger.warn({ err: error }, 'updating records of an earlier version failed; the next run continues'),
    });
    this.background.runNow();
  }

  /** Starts no further run, and waits for the current batch of a running one. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.background?.stop();
  }

  /** Updates every old record. Rejects when the database does not answer. */
  async rebuild(options: RebuildOptions = {}): Promise<RebuildSummary> {
    const total = await this.countOld();
    let updated = 0;
    let failed = 0;
    for (const records of total === 0 ? [] : this.records) {
      for await (const batch of records.old(BATCH)) {
        if (options.signal?.aborted || (await options.mayContinue?.()) === false) return { updated, failed };
        const derived = batch.map((record) => this.derive(records.collection, record)).filter((one) => one !== null);
        await records.update(derived);
        updated += derived.length;
        failed += batch.length - derived.length;
        options.onProgress?.({ collection: records.collection, done: updated + failed, total });
      }
    }
    return { updated, failed };
  }

  private async countOld(): Promise<number> {
    const counts = await Promise.all(this.records.map((records) => records.countOld()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Returns null, and logs the error, when derived fields cannot be computed. The other records are still updated. */
  private derive(collection: string, record: OldRecord): UpdatedRecord | null {
    try {
      return record.derive();
    } catch (error) {
      this.telemetry.logger.error({ err: error, collection, id: record.id }, 'cannot derive list keys and words');
      return null;
    }
  }

  private async runUnderLease(): Promise<void> {
    const { logger } = this.telemetry;
    const take = (): Promise<boolean> => this.lease.take(LEASE, this.leaseMs);
    if (!(await take())) return;
    const { updated, failed } = await this.rebuild({ signal: this.stopping.signal, mayContinue: take });
    if (updated + failed > 0) logger.info({ updated, failed }, 'updated records of an earlier version');
    await this.lease.release(LEASE);
  }
}
