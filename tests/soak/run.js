import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

// The long run: npm run test:soak -- [--hours 8] [--seed 1]. Rounds of kills, changed requests and races, each with a seed of
// its own, until the time is over. A round that has begun is ended. The first failure ends the run and tells its seed.

const { values } = parseArgs({
  options: { hours: { type: 'string', default: '8' }, seed: { type: 'string' } },
});
const hours = Number(values.hours);
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!(hours > 0) || !Number.isSafeInteger(first)) {
  console.error('Usage: npm run test:soak -- [--hours 8] [--seed 1]');
  process.exit(2);
}
const HOUR_MS = 3_600_000;
const KILLS = 200;
const REQUESTS = 20_000;
/** What happens at the same time, in another order of files and tests for each seed. */
const RACES = ['races', 'replacement', 'cascade', 'reconcile-races', 'migration-kill', 'database-faults', 'storage-'];

/** What one round runs, by name. */
function round(seed) {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'servers', ...RACES];
  return {
    kills: ['tests/crash/run.js', '--kills', String(KILLS), '--seed', String(seed)],
    'changed requests': ['tests/fuzz/run.js', '--requests', String(REQUESTS), '--seed', String(seed)],
    races: [...vitest, `--sequence.seed=${seed}`, '--sequence.shuffle.tests', '--reporter=dot'],
  };
}

const until = Date.now() + hours * HOUR_MS;
let seed = first;
for (; Date.now() < until; seed++) {
  for (const [name, args] of Object.entries(round(seed))) {
    console.log(`\n=== ${name}, seed ${seed}, ${((until - Date.now()) / HOUR_MS).toFixed(2)} hours left`);
    const child = spawn(process.execPath, args, {
      stdio: 'inherit',
      env: { ...process.env, TEST_SCOPE: 'all', REQUIRE_S3: '1' },
    });
    const [code] = await once(child, 'exit');
    if (code === 0) continue;
    console.error(`\nFAILED: ${name} with seed ${seed}: node ${args.join(' ')}`);
    process.exit(1);
  }
}
console.log(`\n${seed - first} rounds from seed ${first}: all passed.`);
