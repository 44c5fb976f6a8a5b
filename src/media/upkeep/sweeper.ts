import type { Telemetry } from '../../telemetry.js';
import { endedWithin } from '../ended-within.js';
import type { Journal, MediaObject } from '../journal/journal.js';
import type { LifeCycle } from '../life-cycle.js';
import { LeaseHolder } from '../../database/lease.js';

export interface SweeperParts {
  readonly journal: Journal;
  readonly lifeCycle: LifeCycle;
  readonly telemetry: Telemetry;
  /** Finishes interrupted deletions of records, before their files are swept. */
  readonly finishRemovals: (now: Date) => Promise<void>;
  /** Time between two sweeps, in milliseconds. */
  readonly intervalMs: number;
}

/** The lease by which servers share the sweeping. */
const LEASE = 'sweep';
/** How long a server that died in the middle of a sweep keeps the others from theirs, in milliseconds. */
const LEASE_MS = 60_000;
/** How many rows are held at once. */
const BATCH = 100;
/** How long a deletion that failed waits for its next try, in milliseconds. */
const RETRY_MS = 30_000;
/** How long a server that stops waits for the row that a sweep is at, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/** Finishes what crashes and storage faults have left. Safe beside running uploads and beside other sweepers. */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private sweeping: Promise<number> | undefined;
  private readonly lease = new LeaseHolder();

  constructor(private readonly parts: SweeperParts) {}

  /** Sweeps now and then again and again, until stopped. */
  start(): void {
    const { telemetry, intervalMs } = this.parts;
    const sweep = (): void => {
      this.sweepInTurn().catch((error: unknown) => {
        telemetry.logger.warn({ err: error }, 'the sweep broke off; the next one goes on');
      });
    };
    this.timer = setInterval(sweep, intervalMs);
    this.timer.unref();
    sweep();
  }

  /** No new sweep begins; a running one ends after the row that it is at, and is waited for a little. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping = true;
    if (this.sweeping)
      await endedWithin(
        STOP_WITHIN_MS,
        this.sweeping.catch(() => undefined),
      );
  }

  /** Sweeps unless another server does. */
  private async sweepInTurn(): Promise<void> {
    if (!(await this.lease.take(LEASE, LEASE_MS))) return;
    await this.sweep();
    await this.lease.release(LEASE);
  }

  /** One sweep over all that is overdue. Returns how many rows it settled. */
  sweep(): Promise<number> {
    this.sweeping ??= this.run().finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  private async run(): Promise<number> {
    const now = new Date();
    const { journal, lifeCycle, telemetry, finishRemovals } = this.parts;
    await finishRemovals(now);
    const decided = await this.each(
      () => journal.overdue(now, BATCH),
      async (row) => {
        await lifeCycle.decideOverdue(row, now);
        return true;
      },
    );
    const deleted = await this.each(
      // By the time it is now: what was decided just above has been doomed since the sweep began.
      () => journal.due(new Date(), BATCH),
      async (row) => {
        try {
          await lifeCycle.deleteDoomed(row);
          return true;
        } catch (error) {
          telemetry.logger.warn({ err: error, key: row.key }, 'could not delete an object; will try again');
          await journal.postpone(row, new Date(Date.now() + RETRY_MS));
          return false;
        }
      },
    );
    telemetry.count('swept', decided + deleted);
    return decided + deleted;
  }

  /** Reads rows batch by batch until none is left that has not been tried in this sweep. Returns how many are settled. */
  private async each(
    read: () => Promise<MediaObject[]>,
    settle: (row: MediaObject) => Promise<boolean>,
  ): Promise<number> {
    const tried = new Set<string>();
    let settled = 0;
    for (;;) {
      const rows = (await read()).filter((row) => !tried.has(row._id));
      if (rows.length === 0) return settled;
      for (const row of rows) {
        if (this.stopping) return tried.size;
        tried.add(row._id);
        if (await settle(row)) settled += 1;
      }
    }
  }
}
