import { setTimeout as delay } from 'node:timers/promises';

/** For tests: the step at which the process fails on purpose, and how. */
export interface FailPoint {
  /**
   * - `kill` ends the process at once, as a power cut would
   * - `delay` pauses for `delayMs`
   * - `lose` throws an error, as if the reply to the step had been lost
   */
  readonly action: (typeof FAIL_ACTIONS)[number];
  readonly when: (typeof FAIL_MOMENTS)[number];
  /** The name of a step, as in the log. */
  readonly step: string;
  /** The process fails when it reaches the step for this time, counted from 1. It fails once. */
  readonly pass: number;
  /** How long `delay` pauses, in milliseconds. */
  readonly delayMs: number;
}

export const FAIL_ACTIONS = ['kill', 'delay', 'lose'] as const;
export const FAIL_MOMENTS = ['before', 'after'] as const;

/** The error that `lose` throws. No step throws it otherwise. */
class LostReplyError extends Error {
  constructor(step: string) {
    super(`The reply to the step "${step}" was lost, as the fail point asked for.`);
    this.name = 'LostReplyError';
  }
}

/** Counts how often the fail point is reached, and makes the process fail at the configured time. */
export class FailPointTrigger {
  private passes = 0;

  constructor(private readonly failPoint: FailPoint) {}

  async reached(when: FailPoint['when'], step: string): Promise<void> {
    const { action, pass, delayMs } = this.failPoint;
    if (when !== this.failPoint.when || step !== this.failPoint.step) return;
    this.passes += 1;
    if (this.passes !== pass) return;
    if (action === 'lose') throw new LostReplyError(step);
    if (action === 'delay') await delay(delayMs);
    else process.kill(process.pid, 'SIGKILL');
  }
}
