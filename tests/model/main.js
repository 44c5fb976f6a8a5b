/**
 * The command: searches scenarios, each in a process of its own, some at once. Exits with 1 when a violation was found
 * and, with --whole, when a search was cut. README.md has the options.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { ablate } from './ablate.js';
import { FAULT_KINDS } from './faults.js';
import { listScenarios, search } from './search.js';

const list = (text) => text.split(',').filter((word) => word !== '');

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    exact: { type: 'boolean', default: false },
    procs: { type: 'string', default: '' },
    faults: { type: 'string', default: '0' },
    kinds: { type: 'string', default: FAULT_KINDS.join() },
    not: { type: 'string', default: '' },
    ticks: { type: 'string', default: '1,1' },
    paused: { type: 'boolean', default: false },
    timely: { type: 'boolean', default: false },
    stale: { type: 'boolean', default: false },
    max: { type: 'string', default: '3000000' },
    seconds: { type: 'string', default: '600' },
    jobs: { type: 'string', default: '2' },
    ablations: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    'no-trace': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const words = list(values.only);
const not = list(values.not);
const options = {
  faults: Number(values.faults),
  kinds: list(values.kinds).filter((kind) => !not.includes(kind)),
  ticks: list(values.ticks).map(Number),
  paused: values.paused && !values.timely,
  stale: values.stale,
  maxStates: Number(values.max),
  maxMs: Number(values.seconds) * 1_000,
};

if (values.ablations) process.exitCode = (await ablate(words, options, !values['no-trace'])) > 0 ? 1 : 0;
else if (values.list) for (const name of await wantedScenarios()) console.log(name);
else await searchAll();

async function wantedScenarios() {
  const isWanted = ({ name, procs }) =>
    (words.length === 0 || words.some((word) => (values.exact ? name === word : name.includes(word)))) &&
    (values.procs === '' || Number(values.procs) === procs);
  const wanted = (await listScenarios()).filter(isWanted).map(({ name }) => name);
  if (wanted.length === 0) throw new Error('There is no such scenario.');
  return wanted;
}

async function searchAll() {
  const total = { scenarios: 0, states: 0, cut: 0, bad: 0 };
  const begun = performance.now();
  await search(await wantedScenarios(), options, { jobs: Number(values.jobs) }, (out) => {
    total.scenarios += 1;
    total.states += out.states;
    if (out.cut) total.cut += 1;
    if (out.violations.length > 0) total.bad += 1;
    report(out);
  });
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const mode = `${options.faults} faults, ${options.paused ? 'paused' : 'timely'}${options.stale ? ', stale' : ''}`;
  const figures = `${total.states} states, ${total.cut} cut, ${total.bad} with violations, ${seconds} s`;
  console.log(`${total.scenarios} scenarios, ${figures}; ${mode}, ticks ${options.ticks}`);
  process.exitCode = total.bad > 0 || (values.whole && total.cut > 0) ? 1 : 0;
}

function report({ name, states, worlds, ends, stuck, cut, seconds, memoryMb, violations }) {
  const verdict = violations.length > 0 ? 'BAD' : cut ? 'cut' : 'ok ';
  const figures = `${states} states, ${worlds} worlds, ${ends} ends, ${stuck} stuck`;
  console.log(`${verdict} ${name.padEnd(32)} ${figures}, ${seconds.toFixed(1)} s, ${memoryMb} MB`);
  for (const { text, trace } of violations) {
    console.log(`    ${text}  [${trace.length} steps]`);
    if (!values['no-trace']) for (const line of trace) console.log(`      ${line}`);
  }
}
