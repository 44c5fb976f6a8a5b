import { Command } from 'commander';
import type { App } from '../app.js';
import { RUN_AGAIN, runLong } from './long-command.js';
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
  const bar = new ProgressBar();
  return runLong(bar, RUN_AGAIN, async (stop) => {
    const { updated, failed } = await rebuilding.rebuild({
      signal: stop.signal,
      onProgress: ({ collection, done, total }) => bar.show({ label: `Rebuilding ${collection}`, done, total }),
    });
    const text = summary(updated, failed, stop.signal.aborted);
    return { text, exitCode: stop.exitCode ?? (failed > 0 ? 1 : 0) };
  });
}

function summary(updated: number, failed: number, stopped: boolean): string {
  const lines = [
    updated + failed === 0 && !stopped ? 'All records are up to date already.' : `Updated ${records(updated)}.`,
    ...(failed > 0 ? [`${records(failed)} could not be updated: see the log above.`] : []),
    ...(stopped ? [RUN_AGAIN] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function records(count: number): string {
  return count === 1 ? '1 record' : `${String(count)} records`;
}
