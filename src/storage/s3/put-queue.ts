/**
 * How many objects and parts are sent to the store at the same time. More do not make an upload faster: they share the
 * bandwidth, so that each takes longer, until a busy store does not answer within the time-out. They would also take the
 * connections of the client (`MAX_SOCKETS`), and the SDK counts the time for which a request waits for a connection as
 * the time for which it connects.
 */
export const PUTS_AT_ONCE = 32;

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: unknown) => void;
}

/** Limits how many PUTs run at the same time on one storage. Further ones wait, first come first served. */
export class PutQueue {
  private running = 0;
  private lastStored = 0;
  private readonly waiting = new Set<Waiting>();

  /**
   * Waits for a turn, then runs `put`.
   *
   * A PUT that times out makes all waiting ones fail with its error, if no other PUT succeeded meanwhile: the store has
   * stopped answering, and each of them would time out in turn.
   * @param signal Ends the waiting. Does not end `put`.
   * @throws The signal's reason, or what `put` rejects with.
   */
  async run<T>(signal: AbortSignal, put: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.running >= PUTS_AT_ONCE) await this.turn(signal);
    else this.running += 1;
    const begun = performance.now();
    try {
      const answer = await put();
      this.lastStored = performance.now();
      return answer;
    } catch (error) {
      if (error instanceof Error && error.name === 'TimeoutError' && this.lastStored < begun) this.refuseWaiting(error);
      throw error;
    } finally {
      this.pass();
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    let leave = (): void => undefined;
    try {
      await new Promise<void>((start, refuse) => {
        const waiting: Waiting = { start, refuse };
        leave = () => {
          if (this.waiting.delete(waiting)) refuse(signal.reason as Error);
        };
        this.waiting.add(waiting);
        signal.addEventListener('abort', leave);
      });
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Passes the turn of a PUT that has ended to the first waiting one. */
  private pass(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next.start();
  }

  private refuseWaiting(error: Error): void {
    for (const { refuse } of this.waiting) refuse(error);
    this.waiting.clear();
  }
}
