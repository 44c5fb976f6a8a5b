/**
 * Aborts its signal when nothing was heard for a time, and when the signal of the upload aborts. A request that hangs
 * gives no error by itself: a phone that changes networks keeps a dead connection for minutes.
 */
export class Watchdog {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stalled = false;

  /** @param ms How long nothing may be heard, in milliseconds. */
  constructor(
    private readonly ms: number,
    private readonly outer: AbortSignal,
  ) {
    outer.addEventListener('abort', this.#follow);
    if (outer.aborted) this.#follow();
    else this.alive();
  }

  /** For the request that is watched. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the time has passed. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Notes that something was heard. */
  alive(): void {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#stalled = true;
      this.#controller.abort(new DOMException('No progress.', 'TimeoutError'));
    }, this.ms);
  }

  /** Stops watching. */
  end(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (): void => {
    this.end();
    this.#controller.abort(this.outer.reason);
  };
}
