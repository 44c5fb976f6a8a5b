import { Command } from 'commander';
import { withApp } from './with-app.js';

/** `lectern sweep`: finishes now what crashes and storage faults have left. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Finish now what crashes and storage faults have left, instead of waiting for the server to do it.')
    .action(async () => {
      const settled = await withApp((app) => app.sweeper.sweep());
      process.stdout.write(`${settled === 0 ? 'Nothing was left.' : `Settled ${String(settled)} files.`}\n`);
    });
}
