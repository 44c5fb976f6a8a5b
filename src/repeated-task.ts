export interface RepeatedTaskOptions {
  /** The time between two runs, in milliseconds. A run that takes longer delays the next one. */
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  /** Called when a run has failed. The next one is started as if it had not. */
  readonly onError: (error: unknown) => void;
}

/** Work in the background that is done again and again, one run at a time. Does not keep the process alive. */
export class RepeatedTask {
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;

  /** The first run begins after `everyMs`. */
  constructor(private readonly options: RepeatedTaskOptions) {
    this.timer = setInterval(() => this.runNow(), options.everyMs);
    this.timer.unref();
  }

  /** Begins a run, unless one is running. */
  runNow(): void {
    this.running ??= this.options
      .run()
      .catch(this.options.onError)
      .finally(() => {
        this.running = undefined;
      });
  }

  /** Begins no further run. Resolves when the running one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}
