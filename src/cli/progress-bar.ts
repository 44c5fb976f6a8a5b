import { SingleBar } from 'cli-progress';

/** How far a command is. */
export interface ProgressState {
  /** What is being done, such as 'Listing objects'. A new label begins a new bar. */
  readonly label?: string;
  /** In any unit that `total` has too. */
  readonly done: number;
  /** Undefined while nobody knows how much there is: only `done` is shown then. */
  readonly total: number | undefined;
  /** Shown behind the bar; `done` and `total` when absent. */
  readonly facts?: string;
}

const OPTIONS = { barsize: 24, hideCursor: true, gracefulExit: false, clearOnComplete: false };
/** Without a terminal, a line is written at most this often, in milliseconds. */
const LINE_EVERY_MS = 10_000;
/** Carriage return, then "erase in line" (ECMA-48, EL 2). The bar is drawn again at its next update. */
const CLEAR_LINE = '\r\u001B[2K';

/**
 * Shows on standard error how far a command is: a bar on a terminal, otherwise a line every ten seconds. Nothing of it
 * gets into what the command prints to standard output.
 */
export class ProgressBar {
  private bar: SingleBar | undefined;
  private format = '';
  private lastLineAt = Date.now();

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  show({ label, done, total, facts }: ProgressState): void {
    const prefix = label === undefined ? '' : `${label} `;
    const amount = facts ?? (total === undefined ? String(done) : `${done}/${total}`);
    if (!this.stream.isTTY) {
      this.writeLine(`${prefix}${amount}`);
      return;
    }
    const format = total === undefined ? `${prefix}{amount}` : `${prefix}{bar} {percentage}% | {amount}`;
    if (this.bar === undefined || format !== this.format) this.begin(format, done, total ?? 0, amount);
    // There may be more than was counted at first.
    if (total !== undefined) this.bar?.setTotal(Math.max(total, done));
    this.bar?.update(done, { amount });
  }

  /** Writes a line of its own to standard error, above the bar. */
  say(line: string): void {
    this.clear();
    this.stream.write(`${line}\n`);
  }

  /** Clears the bar off the screen until its next update, so that another line can be printed. */
  clear(): void {
    if (this.bar !== undefined) this.stream.write(CLEAR_LINE);
  }

  /** Ends the bar: what it showed last stays on the screen. */
  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private begin(format: string, done: number, total: number, amount: string): void {
    this.end();
    this.format = format;
    this.bar = new SingleBar({ ...OPTIONS, format, stream: this.stream });
    this.bar.start(Math.max(total, done), done, { amount });
  }

  private writeLine(line: string): void {
    if (Date.now() - this.lastLineAt < LINE_EVERY_MS) return;
    this.lastLineAt = Date.now();
    this.stream.write(`${line}\n`);
  }
}
