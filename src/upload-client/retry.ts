import type { Timings } from './timings.js';
import { TransientFailure } from './transient-failure.js';
import { backOff, isOffline, untilOnline, wait } from './waiting.js';

export interface Patience {
  readonly timings: Pick<Timings, 'firstRetry' | 'longestRetry' | 'failuresInARow'>;
  readonly signal: AbortSignal;
  /** Called with true when the network is gone, and with false when it is back. */
  readonly onOffline?: (offline: boolean) => void;
}

/** Counts the failures in a row of one call or part, and waits between them. */
export class Retries {
  #failures = 0;

  constructor(private readonly patience: Patience) {}

  get failures(): number {
    return this.#failures;
  }

  /**
   * Waits before the next try. Throws the error when it does not pass by itself, and after too many in a row. While the
   * browser has no network, no failure is counted. Rejects with the reason of the signal.
   */
  async afterFailure(error: unknown): Promise<void> {
    const { timings, signal, onOffline } = this.patience;
    signal.throwIfAborted();
    if (!(error instanceof TransientFailure)) throw error;
    if (isOffline()) {
      onOffline?.(true);
      await untilOnline(signal);
      onOffline?.(false);
      return;
    }
    this.#failures += 1;
    if (this.#failures >= timings.failuresInARow) throw error;
    await wait((error.retryAfter ?? 0) + backOff(this.#failures, timings), signal);
  }
}

/** Calls until a call succeeds, or fails for good. */
export async function persist<T>(call: () => Promise<T>, patience: Patience): Promise<T> {
  const retries = new Retries(patience);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await retries.afterFailure(error);
    }
  }
}
