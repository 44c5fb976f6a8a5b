import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

// The long run: npm run test:crash -- --kills 10000 [--seed 1] [--database embedded|mongodb].
// Each pair of database and storage takes the same share of the kills. With --database only the pairs of that database run.

const DATABASES = ['embedded', 'mongodb'];
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '400' }, seed: { type: 'string' }, database: { type: 'string' } },
});
const wanted = Number(values.kills);
if (!Number.isInteger(wanted) || wanted < 1) {
  console.error('--kills takes a whole number of kills, from 1 up.');
  process.exit(2);
}
if (values.database !== undefined && !DATABASES.includes(values.database)) {
  console.error(`--database takes one of ${DATABASES.join(' and ')}.`);
  process.exit(2);
}
const databases = values.database === undefined ? DATABASES : [values.database];
const seed = values.seed ?? String(Date.now() % 1_000_000_000);
const STORAGES = 2;
/** Every test of tests/crash/kills.ts kills a server twice. */
const KILLS_PER_TEST = 2;
/** A process of Vitest makes so many tests of each pair. An abandoned server keeps some memory of its process. */
const TESTS_PER_PROCESS = 100;
const testsPerPair = Math.ceil(wanted / databases.length / STORAGES / KILLS_PER_TEST);
const total = testsPerPair * databases.length * STORAGES * KILLS_PER_TEST;

process.env.REQUIRE_S3 = '1';
const began = Date.now();
let done = 0;
const failed = [];

/** One line that is written over on a terminal; a line for every hundred kills elsewhere. */
function showProgress() {
  const minutes = (Date.now() - began) / 60_000;
  const left = (minutes / done) * (total - done);
  const line = `${done} of ${total} kills, ${failed.length} failed, ${left.toFixed(1)} minutes left`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line}   `);
  else if (done % 100 === 0) process.stderr.write(`${line}\n`);
}

const reporterOf = (database) => ({
  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state === 'skipped') return;
    done += KILLS_PER_TEST;
    if (state === 'failed') {
      failed.push(`${database}, ${test.fullName}`);
      const stacks = errors.map((error) => error.stack ?? error.message).join('\n');
      console.error(`\n${database}, ${test.fullName}\n${stacks}`);
    }
    showProgress();
  },
});

for (const database of databases) {
  process.env.TEST_DATABASE = database;
  for (let test = 0; test < testsPerPair; test += TESTS_PER_PROCESS) {
    const tests = Math.min(TESTS_PER_PROCESS, testsPerPair - test);
    // The seed of a test is that of the run and the number of the test.
    process.env.CRASH_SEED = String(Number(seed) + test);
    process.env.CRASH_KILLS = String(tests * KILLS_PER_TEST);
    const options = { run: true, watch: false, reporters: [reporterOf(database)] };
    const vitest = await startVitest('test', ['tests/crash/kills-'], options);
    await vitest.close();
  }
}

const minutes = ((Date.now() - began) / 60_000).toFixed(1);
console.log(`\n${done} kills in ${minutes} minutes with seed ${seed}: ${failed.length} tests failed.`);
for (const name of failed) console.log(`  ${name}`);
process.exit(failed.length === 0 && done >= wanted ? 0 : 1);
