/** Lets at most so many pieces of work run at once; the others wait in the order in which they came. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly atOnce: number) {}

  /** Waits for a turn, then runs the work. Nothing is run any more once `signal` has been aborted. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.running < this.atOnce) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The turn is handed on, so that nobody who comes in between takes it.
      if (next) next();
      else this.running -= 1;
    }
  }
}
