/** The signals that ask a process to stop, and the exit code of a process that one of them ended: 128 + its number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

const SIGNALS = Object.keys(EXIT_CODES) as StopSignal[];

/**
 * One Ctrl-C can reach a process twice: once from the terminal, once from npm, which passes it on. A signal that comes
 * within this time after the first one counts as the same signal, in milliseconds.
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

  /** The exit code that stands for the first signal: 130 or 143. Undefined while no signal has come. */
  get exitCode(): number | undefined {
    return this.first && EXIT_CODES[this.first.name];
  }

  /** Stops listening: from then on a signal ends the process, as Node does by default. */
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
