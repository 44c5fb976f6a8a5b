import { Command } from 'commander';
import type { App } from '../app.js';
import { StopSignals } from '../stop-signals.js';
import { ProgressBar } from './progress-bar.js';
import { withApp } from './with-app.js';

/** `lectern rebuild`: updates the computed fields of all records at once. The server does it in the background. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'Update list keys, title keys and search words of all records after an upgrade, instead of waiting for the server ' +
        'to do it. Servers may run meanwhile. After an interruption, run it again to continue.',
    )
    .action(async () => {
      process.exitCode = await withApp(rebuild);
    });
}

/** Resolves with the exit code: 1 when a record could not be updated. */
async function rebuild({ rebuilding }: App): Promise<number> {
  const stop = new StopSignals();
  const bar = new ProgressBar();
  try {
    const { updated, failed } = await rebuilding.rebuild({
      signal: stop.signal,
      onProgress: ({ collection, done, total }) => bar.show({ label: `Rebuilding ${collection}`, done, total }),
    });
    bar.end();
    process.stdout.write(summary(updated, failed, stop.signal.aborted));
    return stop.exitCode ?? (failed > 0 ? 1 : 0);
  } finally {
    bar.end();
    stop.dispose();
  }
}

function summary(updated: number, failed: number, stopped: boolean): string {
  const lines = [
    updated + failed === 0 && !stopped ? 'All records are up to date already.' : `Updated ${records(updated)}.`,
    ...(failed > 0 ? [`${records(failed)} could not be updated: see the log above.`] : []),
    ...(stopped ? ['Stopped. Run it again to continue.'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function records(count: number): string {
  return count === 1 ? '1 record' : `${String(count)} records`;
}
