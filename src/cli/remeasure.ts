import { Command } from 'commander';
import type { App } from '../app.js';
import { RUN_AGAIN, runLong } from './long-command.js';
import { ProgressReport } from './progress.js';
import { withApp } from './with-app.js';

/** `lectern remeasure`: measures files that were not measured yet, or by an earlier version. */
export function remeasureCommand(): Command {
  return new Command('remeasure')
    .description(
      'Measure all files that were not measured yet, or by an earlier version: dimensions, playing time, codecs. ' +
        'Servers may run meanwhile. After an interruption, run it again to continue. The exit code is 1 when a file ' +
        'could not be measured.',
    )
    .action(async () => {
      process.exitCode = await withApp(remeasure);
    });
}

/** Resolves with the exit code. */
async function remeasure({ remeasuring }: App): Promise<number> {
  const report = new ProgressReport();
  return runLong(report, RUN_AGAIN, async (stop) => {
    const { measured, failed } = await remeasuring.run({
      which: 'all older',
      signal: stop.signal,
      onProgress: (progress) => report.update(progress),
    });
    const text = summary(measured, failed, stop.signal.aborted);
    return { text, exitCode: stop.exitCode ?? (failed > 0 ? 1 : 0) };
  });
}

function summary(measured: number, failed: number, stopped: boolean): string {
  const lines = [
    measured + failed === 0 && !stopped ? 'All files are measured already.' : `Measured ${files(measured)}.`,
    ...(failed > 0 ? [`${files(failed)} could not be measured: see the log above.`] : []),
    ...(stopped ? [RUN_AGAIN] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${String(count)} files`;
}
