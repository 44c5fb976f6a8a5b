/** A process that searches: each message is a scenario with its options, or asks for the list of all. */
import { explore } from './explore.js';
import { SCENARIOS } from './scenarios.js';

process.on('message', async ({ list, name, ...options }) => {
  if (list) {
    process.send(Object.entries(SCENARIOS).map(([scenario, { procs }]) => ({ name: scenario, procs: procs.length })));
    return;
  }
  const out = await explore(SCENARIOS[name], options);
  process.send({ name, ...out, memoryMb: Math.round(process.memoryUsage().rss / 1e6) });
});
// What a searched process waits for never comes: nothing of it keeps this process.
process.once('disconnect', () => process.exit(0));
