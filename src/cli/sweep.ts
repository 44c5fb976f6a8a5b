import { Command } from 'commander';
import { withApp } from './with-app.js';

/** `lectern sweep`: finishes now what crashes and storage faults have left. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Finish now what crashes and storage faults have left, instead of waiting for the server to do it.')
    .action(async () => {
      const [settled, waiting] = await withApp(async (app) => [
        await app.sweeper.sweep(),
        await app.journal.countDoomed(),
      ]);
      const said = [
        ...(settled > 0 ? [`Settled ${settled} ${settled === 1 ? 'row' : 'rows'} of the journal.`] : []),
        ...(waiting > 0 ? [`Still waiting for their deletion: ${waiting}. The server goes on with it.`] : []),
      ];
      process.stdout.write(`${said.length === 0 ? 'Nothing was left.' : said.join(' ')}\n`);
    });
}
