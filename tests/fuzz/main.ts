import { parseArgs } from 'node:util';
import { fuzz, type FuzzReport } from './fuzz.js';
import { complaintsOf } from './verdict.js';

/** `npm run fuzz -- --requests N [--seed S] [--first I]`. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { requests: { type: 'string' }, seed: { type: 'string' }, first: { type: 'string' } },
  });
  const requests = Number(values.requests ?? 10_000);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const first = Number(values.first ?? 0);
  if (![requests, seed, first].every(Number.isSafeInteger) || requests < 1) {
    say('Usage: npm run fuzz -- --requests N [--seed S] [--first I]');
    return 2;
  }
  say(`Seed ${String(seed)}, ${String(requests)} requests from number ${String(first)}`);
  const began = Date.now();
  const onProgress = (done: number): void => {
    say(`${String(done)} requests, ${String(Math.round(done / ((Date.now() - began) / 1000)))} a second`);
  };
  const report = await fuzz({ requests, seed, first, onProgress });
  summarise(report);
  const complaints = complaintsOf(report);
  for (const complaint of complaints) say(`FAILED: ${complaint}`);
  for (const { index, fault, savedAs } of report.faults) {
    say(
      `  request ${String(index)} of seed ${String(seed)} (--seed ${String(seed)} --first ${String(index)} --requests 1)`,
    );
    say(`    ${fault}\n    saved as ${savedAs}`);
  }
  say(complaints.length === 0 ? 'Passed' : 'Failed');
  return complaints.length === 0 ? 0 : 1;
}

function summarise(report: FuzzReport): void {
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  const { descriptors, memory, rss, stallsMs, beats } = report;
  for (const [ending, count] of Object.entries(report.endings)) say(`${String(count).padStart(9)}  ${ending}`);
  say(`${String(report.requests)} requests, ${String(report.perSecond)} a second`);
  say(`descriptors: ${String(descriptors.before)} before, ${String(descriptors.after)} after`);
  say(`memory: ${mib(memory.before)} before, ${mib(memory.after)} after (${(memory.drift * 100).toFixed(2)} %)`);
  say(`resident: ${mib(rss.before)} before, ${mib(rss.after)} after`);
  const stalls = stallsMs.slice(0, 5).map((ms) => `${ms.toFixed(0)} ms`);
  say(`longest turns of ${String(beats)}: ${stalls.join(', ') || 'none of 50 ms'} of computing`);
  const { server, idle } = report.longestGapMs;
  say(`longest gap between turns: ${server.toFixed(0)} ms, in an idle process beside it ${idle.toFixed(0)} ms`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
