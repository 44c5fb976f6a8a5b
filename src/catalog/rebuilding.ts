import { LeaseHolder } from '../database/lease.js';
import type { Telemetry } from '../telemetry.js';
import { DERIVED_RECORDS, type DerivedRecords, type OldRecord, type UpdatedRecord } from './derived-records.js';

/** The lease by which servers share the work. */
const LEASE = 'rebuild';
/** How long a server that died keeps the others from going on, in milliseconds. Renewed with each batch. */
const LEASE_MS = 60_000;
/** Time between two looks for old records, in milliseconds: an older server beside this one may write some. */
const INTERVAL_MS = 600_000;
/** How many records are read and written at once. */
const BATCH = 100;

export interface RebuildProgress {
  /** The collection that is worked on. */
  readonly collection: string;
  readonly done: number;
  /** How many records were old when the run began. */
  readonly total: number;
}

export interface RebuildOptions {
  /** Ends the run after the batch that it is at. What is done stays done, and the next run continues with the rest. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Asked before each batch; the run ends when it answers false. */
  readonly mayContinue?: () => Promise<boolean>;
}

export interface RebuildSummary {
  readonly updated: number;
  /** Records of which nothing could be derived. They are in the log, and are tried again by the next run. */
  readonly failed: number;
}

/**
 * Brings records up to date of which list keys, title keys or words were derived by an earlier version of Lectern. The
 * server does it in the background, `lectern rebuild` at once. Any number of servers and commands may do it at the same
 * time: each update compares what was read, so no change of a record is lost.
 */
export class Rebuilding {
  private readonly lease = new LeaseHolder();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly telemetry: Telemetry,
    private readonly records: readonly DerivedRecords[] = DERIVED_RECORDS,
  ) {}

  /** Works in the background now, and again every ten minutes, until stopped. */
  start(): void {
    const run = (): void => {
      this.running ??= this.runUnderLease().finally(() => {
        this.running = undefined;
      });
    };
    this.timer = setInterval(run, INTERVAL_MS);
    this.timer.unref();
    run();
  }

  /** Begins nothing new, and waits for the batch that a run is at. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  /** Brings every old record up to date. */
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

  /** Null for a record that lacks a fact: it must not keep the others from their turn. */
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
    const take = (): Promise<boolean> => this.lease.take(LEASE, LEASE_MS);
    try {
      if (!(await take())) return;
      const { updated, failed } = await this.rebuild({ signal: this.stopping.signal, mayContinue: take });
      if (updated + failed > 0) logger.info({ updated, failed }, 'brought records of an earlier version up to date');
      await this.lease.release(LEASE);
    } catch (error) {
      logger.warn({ err: error }, 'bringing records up to date broke off; the next run continues');
    }
  }
}
