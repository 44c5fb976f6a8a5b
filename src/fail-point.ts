import { setTimeout as delay } from 'node:timers/promises';

/** Where and how the process is made to fail, so that tests can see what a crash leaves. Never outside tests. */
export interface FailPoint {
  /**
   * - `kill` ends the process at once, as a power cut would
   * - `delay` holds the step up
   * - `lose` throws after the step was done, as if the reply to it had been lost
   */
  readonly action: (typeof FAIL_ACTIONS)[number];
  readonly when: (typeof FAIL_MOMENTS)[number];
  /** The name of a step, as the log has it. */
  readonly step: string;
  /** At which pass by this point it acts, from 1. It acts once. */
  readonly pass: number;
  /** How long `delay` holds up, in milliseconds. */
  readonly delayMs: number;
}

export const FAIL_ACTIONS = ['kill', 'delay', 'lose'] as const;
export const FAIL_MOMENTS = ['before', 'after'] as const;

/** What `lose` throws: unlike every error that a step can end with. */
class LostReplyError extends Error {
  constructor(step: string) {
    super(`The reply to the step "${step}" was lost, as the fail point asked for.`);
    this.name = 'LostReplyError';
  }
}

/** Counts the passes by a fail point and acts when it is time. */
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
