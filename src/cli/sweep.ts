import { Command } from 'commander';
import type { Waiting } from '../media/slot-owner.js';
import type { SweepSummary } from '../media/upkeep/sweeper.js';
import { withApp } from './with-app.js';

/** `lectern sweep`: runs one sweep. */
export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Finish interrupted uploads, replacements and deletions now, instead of waiting for the server.')
    .action(async () => {
      const [summary, waiting] = await withApp(async (app) => [await app.sweeper.sweep(), await app.sweeper.waiting()]);
      process.stdout.write(`${sweepText(summary, waiting)}\n`);
    });
}

function sweepText({ settled, failed, passedOver }: SweepSummary, { count, nextDue }: Waiting): string {
  const said = [
    ...(settled > 0 ? [`Settled ${counted(settled, 'upload or object', 'uploads and objects')}.`] : []),
    ...(failed > 0 ? [`Failed for ${failed}: the log says why. The server will try again.`] : []),
    ...(passedOver > 0
      ? [`Skipped ${passedOver}: the slot or storage is unknown here, or the storage unavailable.`]
      : []),
    ...(count > 0 && nextDue
      ? [`${counted(count, 'object is', 'objects are')} not deleted yet; the next is due at ${nextDue.toISOString()}.`]
      : []),
  ];
  return said.length === 0 ? 'There was nothing to do.' : said.join('\n');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
