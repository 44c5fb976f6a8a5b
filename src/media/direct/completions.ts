import { once } from 'node:events';
import { newId } from '../../database/ids.js';
import { LecternError } from '../../errors.js';
import type { VerificationOutcome } from '../../metrics.js';
import { RepeatedTask } from '../../repeated-task.js';
import type { Telemetry } from '../../telemetry.js';
import { within } from '../../within.js';
import type { LifeTiming } from '../life-timing.js';
import type { CompletionRun } from './completion-run.js';
import type { SessionJournal } from './session-journal.js';
import { completionDeadline, type SessionRow } from './session-row.js';

export interface CompletionsParts {
  readonly sessions: SessionJournal;
  readonly run: CompletionRun;
  readonly telemetry: Telemetry;
  readonly timing: LifeTiming;
  readonly timings: CompletionTimings;
}

/** In milliseconds: see timings.ts. */
export interface CompletionTimings {
  readonly completionAnswer: number;
  readonly completionLease: number;
  readonly completionRelief: number;
}

/** A lease is renewed this many times before it would pass. */
const RENEWALS_PER_LEASE = 3;
/** How many completions of servers that have died one look takes over. */
const MAX_RELIEVED = 4;
/** How long a stopping server waits for completions, and then for those that it has aborted, in milliseconds. */
const STOP_WITHIN_MS = 2_000;

/**
 * Completes direct uploads. A lease lets one server complete a session. The completion continues in the background after
 * its request was answered, and on another server if this one dies. The lease saves work; nothing relies on it.
 */
export class Completions {
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private relief: RepeatedTask | undefined;

  constructor(private readonly parts: CompletionsParts) {}

  /** Starts to look for completions whose server has died. */
  start(): void {
    const { telemetry, timings } = this.parts;
    this.relief = new RepeatedTask({
      everyMs: timings.completionRelief,
      run: () => this.relieve(),
      onError: (error) => telemetry.logger.warn({ err: error }, 'could not look for completions whose server has died'),
    });
  }

  /** Waits shortly for running completions, then leaves the rest to other servers. */
  async stop(): Promise<void> {
    void this.relief?.stop();
    const ended = Promise.allSettled(this.running.values());
    if (this.running.size > 0) await within(STOP_WITHIN_MS, ended, () => undefined);
    this.stopping.abort(new LecternError('SERVICE_UNAVAILABLE'));
    await within(STOP_WITHIN_MS, ended, () => undefined);
  }

  /**
   * Completes an open session, unless another server does. Waits up to 3 seconds; after that the session is still
   * VERIFYING. Rejects with UPLOAD_INCOMPLETE when parts are missing, or with an error of the storage or the database. The
   * session is then WAITING again.
   */
  async complete(row: SessionRow): Promise<void> {
    const running = this.running.get(row.session.id) ?? this.begin(row);
    await within(this.parts.timings.completionAnswer, running, () => undefined);
  }

  /** Continues completions whose server has died. */
  async relieve(): Promise<void> {
    for (const row of await this.parts.sessions.abandoned(new Date(), MAX_RELIEVED)) {
      if (this.stopping.signal.aborted || this.running.has(row.session.id)) continue;
      this.parts.telemetry.logger.info({ session: row.session.id }, 'continues a direct upload whose server has died');
      void this.begin(row).catch(() => undefined);
    }
  }

  /** Takes the lease and completes. Resolves at once when there is nothing to take. */
  private begin(row: SessionRow): Promise<void> {
    const { id } = row.session;
    const run = this.underLease(row).finally(() => this.running.delete(id));
    this.running.set(id, run);
    // Its request may be over before it fails.
    run.catch((error: unknown) => {
      this.parts.telemetry.logger.warn({ err: error, session: id }, 'a direct upload could not be completed now');
    });
    return run;
  }

  private async underLease(row: SessionRow): Promise<void> {
    const { sessions, telemetry, timing, timings, run } = this.parts;
    const holder = newId();
    const term = (): Parameters<SessionJournal['take']>[1] => ({
      holder,
      until: new Date(Date.now() + timings.completionLease),
      deadline: completionDeadline(row.session, timing),
    });
    const taken = await telemetry.step('take', row, () => sessions.take(row, term()));
    if (!taken) return;
    const [lost, over] = [new AbortController(), new AbortController()];
    // A stopping server does not wait for a storage or a database that does not answer.
    const stopped = once(this.stopping.signal, 'abort', { signal: over.signal }).then(() => {
      throw this.stopping.signal.reason;
    });
    const renewal = new RepeatedTask({
      everyMs: timings.completionLease / RENEWALS_PER_LEASE,
      run: async () => {
        if (!(await sessions.renew(row, term()))) lost.abort(new LecternError('UPLOAD_EXPIRED'));
      },
      onError: (error) => telemetry.logger.warn({ err: error, session: row.session.id }, 'could not renew a lease'),
    });
    const begun = performance.now();
    const ended = (outcome: VerificationOutcome): void =>
      telemetry.metrics.verificationEnded(outcome, (performance.now() - begun) / 1_000);
    const completed = run.complete(taken, AbortSignal.any([this.stopping.signal, lost.signal]));
    try {
      const outcome = await Promise.race([completed, stopped]).finally(() => {
        // One that is still running finds no session with this holder.
        void renewal.stop();
        over.abort();
      });
      ended(outcome);
    } catch (error) {
      // Another completion holds the lease now, or the session was ended.
      if (lost.signal.aborted) return;
      ended('failed');
      await (this.stopping.signal.aborted ? sessions.leave(row, holder) : sessions.drop(row, holder));
      throw error;
    }
  }
}
