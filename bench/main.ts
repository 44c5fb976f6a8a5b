import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { commands } from './commands.js';
import { courseList, courseListCpu, courseListMongodb } from './course-list.js';
import { coursePage, coursePageCommands, deepPage } from './course-page.js';
import { costlyQueries } from './costly-queries.js';
import { deleteCourse, deleteCourseCommands, deleteOneOfMany } from './deletions.js';
import { directUploadCpu, directUploadMemory } from './direct-uploads.js';
import { download } from './download.js';
import { embeddedStart } from './embedded-start.js';
import type { Figure, Result, Scale } from './figure.js';
import { measure } from './measure.js';
import { latencyDuringUploads, memoryOfMany, memoryOfOne, memoryWhenIdle } from './memory.js';
import { plainQuery } from './plain-query.js';
import { chartOf, pageOf, reportOf, tableOf, type Report } from './report.js';
import { signedUrls } from './signed-urls.js';
import { start } from './start.js';
import { uploadLocal } from './upload-local.js';
import { uploadS3 } from './upload-s3.js';

const FIGURES: readonly Figure[] = [
  uploadLocal,
  uploadS3,
  memoryOfOne,
  memoryOfMany,
  latencyDuringUploads,
  memoryWhenIdle,
  directUploadMemory,
  directUploadCpu,
  download,
  signedUrls,
  courseList,
  courseListMongodb,
  courseListCpu,
  coursePage,
  coursePageCommands,
  deepPage,
  plainQuery,
  start,
  embeddedStart,
  commands,
  costlyQueries,
  deleteCourse,
  deleteCourseCommands,
  deleteOneOfMany,
];
const ROUNDS = 9;
const FEWEST_ROUNDS = 7;

/** How many processes run the figures of `--smoke` at the same time. Most of their time they wait for servers that start. */
const SMOKE_PROCESSES = 3;

const ROOT = join(import.meta.dirname, '..');
const LATEST = join(ROOT, 'bench', 'results', 'latest.json');

/** `npm run bench -- [name ...] [--rounds 9] [--write] [--smoke]`. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { smoke: { type: 'boolean' }, write: { type: 'boolean' }, rounds: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? ROUNDS);
  const unknown = positionals.filter((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < FEWEST_ROUNDS) {
    console.error(`Usage: npm run bench -- [name ...] [--rounds ${ROUNDS}] [--write] [--smoke]`);
    console.error(`At least ${FEWEST_ROUNDS} rounds. Names: ${FIGURES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const smoke = values.smoke === true;
  if (smoke && positionals.length === 0) return smokeInProcesses(FIGURES.map(({ name }) => name));
  const scale: Scale = smoke ? { rounds: 1, warmUp: 0, smoke } : { rounds, warmUp: 2, smoke };
  const chosen = positionals.length === 0 ? FIGURES : FIGURES.filter(({ name }) => positionals.includes(name));

  const results: Result[] = [];
  for (const figure of chosen) {
    const result = await measure(figure, scale);
    console.log(smoke ? `${figure.name} runs` : tableOf(result));
    results.push(result);
    if (smoke) continue;
    // At once, because a later figure may fail.
    const report = await keep(result);
    if (values.write === true) {
      await writeFile(join(ROOT, 'docs', 'performance.md'), pageOf(report));
      await writeFile(join(ROOT, 'docs', 'performance.svg'), chartOf(report));
    }
  }
  if (smoke) return 0;
  return results.every(({ goals }) => goals.every(({ reached }) => reached)) ? 0 : 1;
}

/** Puts a result into the latest report, in the place of the one of the same figure. Returns that report. */
async function keep(result: Result): Promise<Report> {
  const before = await readFile(LATEST, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => null,
  );
  const names = FIGURES.map(({ name }) => name);
  const report = reportOf(result, before, names);
  await mkdir(dirname(LATEST), { recursive: true });
  await writeFile(LATEST, `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Runs all figures with tiny sizes. A process runs one at a time, because its models are bound to one database. */
async function smokeInProcesses(names: readonly string[]): Promise<number> {
  const codes = Array.from({ length: SMOKE_PROCESSES }, async (_, i) => {
    const share = names.filter((_name, at) => at % SMOKE_PROCESSES === i);
    const child = spawn(process.execPath, [join(ROOT, 'bench', 'run.js'), '--smoke', ...share], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  });
  return Math.max(...(await Promise.all(codes)));
}
