import { within } from '../../within.js';
import { collectionsOf, type Waiting } from '../slot-owner.js';
import { LeaseHolder } from '../../database/lease.js';
import { Sweep, type SweepParts, type SweepSummary } from './sweep.js';

export type { SweepSummary } from './sweep.js';

export interface SweeperParts extends SweepParts {
  /** Time between two sweeps, in milliseconds. */
  readonly intervalMs: number;
}

/** The lease by which servers share the sweeping. */
const LEASE = 'sweep';
/** How long a server that died in the middle of a sweep keeps the others from theirs, in milliseconds. */
const LEASE_MS = 60_000;
/** How long a server that stops waits for the batch that a sweep is at, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/** Sweeps again and again, in turn with other servers. Nothing relies on there being only one sweep at a time. */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();
  private sweeping: Promise<SweepSummary> | undefined;
  private readonly lease = new LeaseHolder();

  constructor(private readonly parts: SweeperParts) {}

  /** Sweeps now and then again and again, until stopped. */
  start(): void {
    const { telemetry, intervalMs } = this.parts;
    const sweep = (): void => {
      this.sweepInTurn().catch((error: unknown) => {
        telemetry.logger.warn({ err: error }, 'the sweep broke off; the next one will go on');
      });
    };
    this.timer = setInterval(sweep, intervalMs);
    this.timer.unref();
    sweep();
  }

  /** No new sweep begins; a running one ends after the batch that it is at, and is waited for a little. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    const ended = this.sweeping?.then(
      () => undefined,
      () => undefined,
    );
    if (ended) await within(STOP_WITHIN_MS, ended, () => undefined);
  }

  /** One sweep over all that is due. A second call while one runs returns the same. */
  sweep(): Promise<SweepSummary> {
    this.sweeping ??= this.run().finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  /** What a sweep would not do yet: doomed and released objects that are not due, and when the next one is. */
  async waiting(): Promise<Waiting> {
    const { journal, owners } = this.parts;
    const all = await Promise.all([journal.waiting(), ...collectionsOf(owners).map((each) => each.waiting())]);
    const times = all.flatMap(({ nextDue }) => nextDue ?? []).sort((a, b) => a.getTime() - b.getTime());
    return { count: all.reduce((sum, { count }) => sum + count, 0), ...(times[0] && { nextDue: times[0] }) };
  }

  /** Sweeps unless another server does. */
  private async sweepInTurn(): Promise<void> {
    if (!(await this.lease.take(LEASE, LEASE_MS))) return;
    await this.sweep();
    await this.lease.release(LEASE);
  }

  private async run(): Promise<SweepSummary> {
    const { telemetry } = this.parts;
    const summary = await new Sweep(this.parts, this.stopping.signal).run();
    telemetry.count('swept', summary.settled);
    telemetry.count('passed_over', summary.passedOver);
    return summary;
  }
}
