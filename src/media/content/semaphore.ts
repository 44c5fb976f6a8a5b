/** Limits how many calls of `run` work at the same time. Further calls wait, first come first served. */
export class Semaphore {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly permits: number) {}

  /** Waits for a permit, then runs `work`. Rejects with the signal's reason if the signal aborts before that. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.running < this.permits) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.waiting.shift();
      // Passes the permit to the first waiting call directly, so that a new call cannot take it.
      if (next) next();
      else this.running -= 1;
    }
  }
}
