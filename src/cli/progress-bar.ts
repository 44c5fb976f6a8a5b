import { SingleBar } from 'cli-progress';

/** The progress of a command. */
export interface ProgressState {
  /** The present phase, such as 'Listing objects'. A new label starts a new bar. */
  readonly label?: string;
  /** In the same unit as `total`. */
  readonly done: number;
  /** Undefined while the total is not known. Then only `done` is shown. */
  readonly total: number | undefined;
  /** The text after the bar. `done` and `total` when absent. */
  readonly facts?: string;
}

const OPTIONS = { barsize: 24, hideCursor: true, gracefulExit: false, clearOnComplete: false };
/** When the stream is no terminal: the shortest time between two lines, in milliseconds. */
const LINE_EVERY_MS = 10_000;
/** Carriage return, then "erase in line" (ECMA-48, EL 2). */
const CLEAR_LINE = '\r\u001B[2K';

/**
 * Shows the progress of a command on standard error: a bar on a terminal, otherwise a line every ten seconds, which begins
 * with `Progress: `, so that it can be told from what the command reports. Standard output is left to its results.
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
    // There may be more items than were counted at the beginning.
    if (total !== undefined) this.bar?.setTotal(Math.max(total, done));
    this.bar?.update(done, { amount });
  }

  /** Writes a line to standard error, above the bar. */
  say(line: string): void {
    this.clear();
    this.stream.write(`${line}\n`);
  }

  /** Removes the bar from the screen until its next update, so that another line can be printed. */
  clear(): void {
    if (this.bar !== undefined) this.stream.write(CLEAR_LINE);
  }

  /** Ends the bar. Its last state stays on the screen. */
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
    this.stream.write(`Progress: ${line}\n`);
  }
}
