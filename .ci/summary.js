// Sums up test runs, as the last lines of `.ci/run`: every failed test with the first lines of its error, the steps that
// failed, and in the very last line the counts.
// node .ci/summary.js REPORT.json... [-- FAILED_STEP...]
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Whoever reads only the end of a log still sees all of it. */
const MOST_FAILURES = 40;
const ERROR_LINES = 3;
const LINE_LENGTH = 240;

const separator = process.argv.indexOf('--');
const paths = process.argv.slice(2, separator === -1 ? undefined : separator);
const failedSteps = separator === -1 ? [] : process.argv.slice(separator + 1);

const sum = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
let succeeded = failedSteps.length === 0;

for (const path of paths) {
  const report = reportAt(path);
  if (!report) continue;
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests;
  sum.skipped += report.numPendingTests + report.numTodoTests;
  // A run that found no test has proved nothing.
  succeeded &&= report.success && report.numPassedTests > 0;
  for (const { name, message, assertionResults } of report.testResults) {
    const file = relative(process.cwd(), name);
    // A file that does not load, or a hook that failed.
    if (message) failures.push([file, message]);
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status === 'failed') failures.push([`${file} > ${fullName}`, failureMessages.join('\n')]);
    }
  }
}
// Something failed that is no test: a file that does not load, an error that nobody caught, a step without tests.
if (!succeeded && sum.failed === 0) sum.failed = 1;

for (const [name, error] of failures.slice(0, MOST_FAILURES)) {
  console.log(`FAILED ${name}`);
  for (const line of firstLines(error)) console.log(`    ${line}`);
}
if (failures.length > MOST_FAILURES) console.log(`FAILED ${failures.length - MOST_FAILURES} more`);
for (const step of failedSteps) console.log(`FAILED ${step}`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = succeeded ? 0 : 1;

/** The report of a run; undefined when the run ended before it wrote one. */
function reportAt(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    succeeded = false;
    failures.push([path, error.message]);
    return undefined;
  }
}

function firstLines(text) {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(0, ERROR_LINES)
    .map((line) => line.slice(0, LINE_LENGTH));
}
