import { DEFAULT_TIMINGS, type Timings } from '../../timings.js';
import { within } from '../../within.js';
import { collectionsOf, type Waiting } from '../slot-owner.js';
import { LeaseHolder } from '../../database/lease.js';
import { RepeatedTask } from '../../repeated-task.js';
import { Sweep, type SweepParts, type SweepSummary } from './sweep.js';

export type { SweepSummary } from './sweep.js';

type SweeperTimings = Pick<Timings, 'sweepLease' | 'sweepStop'>;

export interface SweeperParts extends SweepParts {
  /** Time between two sweeps, in milliseconds. */
  readonly intervalMs: number;
  /** `DEFAULT_TIMINGS` when absent. */
  readonly timings?: SweeperTimings;
}

/** The lease by which only one server sweeps at a time. */
export const SWEEP_LEASE = 'sweep';

/**
 * Sweeps at regular intervals. A lease lets one server sweep at a time, to save work; several sweeps at once would be
 * correct too.
 */
export class Sweeper {
  /** Each run goes from taking the lease to its release. */
  private background: RepeatedTask | undefined;
  private readonly stopping = new AbortController();
  private sweeping: Promise<SweepSummary> | undefined;
  private readonly lease = new LeaseHolder();

  private readonly timings: SweeperTimings;

  constructor(private readonly parts: SweeperParts) {
    this.timings = parts.timings ?? DEFAULT_TIMINGS;
  }

  /** Sweeps now, and then every `intervalMs` until `stop`. */
  start(): void {
    const { telemetry, intervalMs } = this.parts;
    this.background = new RepeatedTask({
      everyMs: intervalMs,
      run: () => this.sweepUnderLease(),
      onError: (error) => telemetry.logger.warn({ err: error }, 'the sweep failed; the next one will continue'),
    });
    this.background.runNow();
  }

  /**
   * Starts no further sweep. Waits up to the timing `sweepStop` for a running one, which ends after its current batch,
   * and for the release of its lease, so that another server can sweep at once.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    const ended = Promise.allSettled([this.background?.stop(), this.sweeping]);
    await within(this.timings.sweepStop, ended, () => undefined);
  }

  /** Sweeps everything that is due. While a sweep runs, returns the promise of that sweep. */
  sweep(): Promise<SweepSummary> {
    this.sweeping ??= this.run().finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  /** How many doomed and released objects wait for their deletion, and when the next one is due. */
  async waiting(): Promise<Waiting> {
    const { journal, owners } = this.parts;
    const all = await Promise.all([journal.waiting(), ...collectionsOf(owners).map((each) => each.waiting())]);
    const times = all.flatMap(({ nextDue }) => nextDue ?? []).sort((a, b) => a.getTime() - b.getTime());
    return { count: all.reduce((sum, { count }) => sum + count, 0), ...(times[0] && { nextDue: times[0] }) };
  }

  /** Sweeps unless another server has the lease. */
  private async sweepUnderLease(): Promise<void> {
    if (!(await this.lease.take(SWEEP_LEASE, this.timings.sweepLease))) return;
    if (!this.stopping.signal.aborted) await this.sweep();
    await this.lease.release(SWEEP_LEASE);
  }

  private async run(): Promise<SweepSummary> {
    const { telemetry } = this.parts;
    const summary = await new Sweep(this.parts, this.stopping.signal).run();
    telemetry.count('swept', summary.settled);
    telemetry.count('passed_over', summary.passedOver);
    return summary;
  }
}
