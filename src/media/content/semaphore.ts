/** Lets at most `permits` pieces of work run at the same time. The others wait in the order in which they came. */
export class Semaphore {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly permits: number) {}

  /** Waits for a permit, then runs the work. Rejects with the reason of `signal` when it was aborted before. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.running < this.permits) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The permit passes to the next in line directly, so that a newcomer cannot take it first.
      if (next) next();
      else this.running -= 1;
    }
  }
}
