import { ProgressBar } from './progress-bar.js';

/** The progress of a command that processes files of known sizes. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Shows progress in bytes, with the rate and the remaining time. */
export class ProgressReport {
  private readonly bar: ProgressBar;
  private readonly startedAt = Date.now();

  constructor(stream?: NodeJS.WriteStream) {
    this.bar = new ProgressBar(stream);
  }

  update(progress: Progress): void {
    this.bar.show({ done: progress.bytes, total: progress.totalBytes, facts: this.facts(progress) });
  }

  /** Writes a line above the bar. */
  say(line: string): void {
    this.bar.say(line);
  }

  end(): void {
    this.bar.end();
  }

  private facts({ files, bytes, totalFiles, totalBytes }: Progress): string {
    const seconds = (Date.now() - this.startedAt) / 1_000;
    const rate = seconds > 0 ? bytes / seconds : 0;
    const left = rate > 0 ? `${formatSeconds((totalBytes - bytes) / rate)} left` : 'waiting';
    const share = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
    return `${String(files)} of ${String(totalFiles)} files | ${share} | ${formatBytes(rate)}/s | ${left}`;
  }
}

/** Formats a size: `1.5 GiB`. Below 1 KiB, in whole bytes. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? ''}`;
}

/** Formats a duration: `45 s`, `12 min`, `3 h 05 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${String(Math.ceil(seconds))} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 90) return `${String(minutes)} min`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, '0')} min`;
}
