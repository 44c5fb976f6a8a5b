import { SingleBar } from 'cli-progress';

/** How far something is. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

/** Where no terminal is, a line is written so often, in milliseconds. */
const LINE_EVERY_MS = 10_000;
const BAR_WIDTH = 24;
const BAR = { format: '{bar} {percentage}% | {facts}', barsize: BAR_WIDTH, hideCursor: true, gracefulExit: false };
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Tells on standard error how far a command is: with a bar on a terminal, else by a line now and then. */
export class ProgressReport {
  private readonly bar: SingleBar | undefined;
  private readonly startedAt = Date.now();
  private lastLineAt = Date.now();
  private barIsOn = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {
    this.bar = stream.isTTY ? new SingleBar({ ...BAR, stream }) : undefined;
  }

  update(progress: Progress): void {
    const { bytes, totalBytes } = progress;
    if (this.bar) {
      if (!this.barIsOn) this.bar.start(totalBytes, 0, { facts: '' });
      this.barIsOn = true;
      this.bar.update(bytes, { facts: this.facts(progress) });
    } else if (Date.now() - this.lastLineAt >= LINE_EVERY_MS) {
      this.lastLineAt = Date.now();
      this.stream.write(`${this.facts(progress)}\n`);
    }
  }

  /** A line of its own, above the bar. */
  say(line: string): void {
    // Back to the beginning of the bar's line, and clear it (ECMA-48, EL): the bar is drawn again below.
    this.stream.write(this.barIsOn ? `\r\u001B[2K${line}\n` : `${line}\n`);
  }

  end(): void {
    if (this.barIsOn) this.bar?.stop();
    this.barIsOn = false;
  }

  private facts({ files, bytes, totalFiles, totalBytes }: Progress): string {
    const seconds = (Date.now() - this.startedAt) / 1_000;
    const rate = seconds > 0 ? bytes / seconds : 0;
    const left = rate > 0 ? `${formatSeconds((totalBytes - bytes) / rate)} left` : 'waiting';
    const share = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
    return `${String(files)} of ${String(totalFiles)} files | ${share} | ${formatBytes(rate)}/s | ${left}`;
  }
}

/** `1.5 GiB`; whole bytes below a KiB. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? ''}`;
}

/** `45 s`, `12 min`, `3 h 05 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${String(Math.ceil(seconds))} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 90) return `${String(minutes)} min`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, '0')} min`;
}
