/** Limits how many are inside at a time. Further ones wait, first come first served. */
export class Gate {
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  /** @param limit How many may be inside now. */
  constructor(private readonly limit: () => number) {}

  get inside(): number {
    return this.#inside;
  }

  get isFull(): boolean {
    return this.#inside >= this.limit();
  }

  /** Waits for a place inside. Returns how to leave it. Rejects with the reason of the signal. */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const giveUp = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason as Error);
      };
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        this.#inside += 1;
        resolve(() => {
          this.#inside -= 1;
          this.open();
        });
      };
      signal.addEventListener('abort', giveUp);
      this.#waiting.add(admit);
      this.open();
    });
  }

  /** Lets in whom the limit allows: for when it has grown. */
  open(): void {
    for (const admit of this.#waiting) {
      if (this.isFull) return;
      this.#waiting.delete(admit);
      admit();
    }
  }
}
