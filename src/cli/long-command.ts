import { StopSignals } from '../stop-signals.js';

/** How a long command has ended. */
export interface CommandResult {
  /** Written to standard output. */
  readonly text: string;
  readonly exitCode: number;
}

/** The progress that a long command shows: a ProgressBar or a ProgressReport. */
interface ShownProgress {
  /** Writes a line to standard error. */
  say(line: string): void;
  end(): void;
}

/**
 * Runs a command that takes long, shows progress and can be stopped by SIGINT and SIGTERM. Resolves with the exit code.
 * @param progress Ended before the result is written.
 * @param stopped What to say when the work rejects after a signal. The exit code is then that of the signal.
 * @param work Gets the signals: `stop.signal` aborts at the first one. Work that resolves nevertheless decides itself
 *   whether the exit code is `stop.exitCode`.
 */
export async function runLong(
  progress: ShownProgress,
  stopped: string,
  work: (stop: StopSignals) => Promise<CommandResult>,
): Promise<number> {
  const stop = new StopSignals();
  try {
    const { text, exitCode } = await work(stop);
    progress.end();
    process.stdout.write(text);
    return exitCode;
  } catch (error) {
    if (stop.exitCode === undefined) throw error;
    progress.end();
    progress.say(stopped);
    return stop.exitCode;
  } finally {
    progress.end();
    stop.dispose();
  }
}

/** What to say when a command that continues its work at the next run was stopped. */
export const RUN_AGAIN = 'Stopped. Run it again to continue.';
