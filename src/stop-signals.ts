/** The signals that ask a process to stop, with the exit code for each: 128 + the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

const SIGNALS = Object.keys(EXIT_CODES) as StopSignal[];

/**
 * A process can get one Ctrl-C twice: from the terminal, and from npm, which forwards it. A signal within this time
 * after the first one counts as the same signal. In milliseconds.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Listens for SIGINT and SIGTERM, from its construction to `dispose()`. The first signal asks for an orderly stop.
 * A second one, 500 ms later or more, ends the process at once with that signal's exit code.
 */
export class StopSignals {
  private readonly controller = new AbortController();
  private first: { readonly name: StopSignal; readonly at: number } | undefined;

  constructor(private readonly host: Pick<NodeJS.Process, 'on' | 'off' | 'exit'> = process) {
    for (const name of SIGNALS) host.on(name, this.receive);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The exit code for the first signal: 130 or 143. Undefined before there was a signal. */
  get exitCode(): number | undefined {
    return this.first && EXIT_CODES[this.first.name];
  }

  /** Stops listening. From then on, a signal ends the process, as is Node's default. */
  dispose(): void {
    for (const name of SIGNALS) this.host.off(name, this.receive);
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const name = signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    if (this.first === undefined) {
      this.first = { name, at: performance.now() };
      this.controller.abort(new Error(`Stopped by ${name}.`));
    } else if (performance.now() - this.first.at >= SAME_SIGNAL_MS) {
      this.host.exit(EXIT_CODES[name]);
    }
  };
}
