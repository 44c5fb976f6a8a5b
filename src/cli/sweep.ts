import { Command } from 'commander';
import type { Waiting } from '../media/slot-owner.js';
import type { SweepSummary } from '../media/upkeep/sweeper.js';
import { withApp } from './with-app.js';

/** `lectern sweep`: finishes now what crashes and storage faults have left. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Finish now what crashes and storage faults have left, instead of waiting for the server to do it.')
    .action(async () => {
      const [summary, waiting] = await withApp(async (app) => [await app.sweeper.sweep(), await app.sweeper.waiting()]);
      process.stdout.write(`${sweepText(summary, waiting)}\n`);
    });
}

function sweepText({ settled, failed, passedOver }: SweepSummary, { count, nextDue }: Waiting): string {
  const said = [
    ...(settled > 0 ? [`Settled ${counted(settled, 'upload or object', 'uploads and objects')}.`] : []),
    ...(failed > 0 ? [`Failed at ${failed}: the log says why. The server will try again.`] : []),
    ...(passedOver > 0 ? [`Passed over ${passedOver}, of a slot or storage that is not known here or is away.`] : []),
    ...(count > 0 && nextDue
      ? [`${counted(count, 'object is', 'objects are')} not deleted yet; the next is due at ${nextDue.toISOString()}.`]
      : []),
  ];
  return said.length === 0 ? 'Nothing was left.' : said.join('\n');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
