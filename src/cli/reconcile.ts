import { type Command, Option } from 'commander';
import type { App } from '../app.js';
import type { Finding, ReconciliationOptions, ReconciliationProgress } from '../media/upkeep/reconciliation.js';
import { answeringCommand, answerWith, EXIT_CLEAN, EXIT_FINDINGS } from './answering-command.js';
import { parseDuration } from './duration.js';
import { printList } from './print-list.js';
import { ReconcileProgress } from './reconcile-progress.js';
import { withApp } from './with-app.js';

interface ReconcileOptions {
  readonly json?: true;
  readonly deep?: true;
  readonly deleteOrphans?: true;
  /** In seconds. */
  readonly olderThan: number;
  readonly force?: true;
}

const DEFAULT_AGE_SECONDS = 24 * 3600;
const MAX_AGE_SECONDS = 10 * 365 * 86_400;
/** Options that are valid only together with --delete-orphans. */
const OF_DELETION = ['olderThan', 'force'];
const MS_PER_SECOND = 1_000;

/** `lectern reconcile`: compares storages and records, and deletes orphans when it is told to. */
export function reconcileCommand(): Command {
  return answeringCommand('reconcile')
    .description('Compare storages and records: orphan objects, dangling records, wrong sizes, unfinished uploads.')
    .option('--deep', 'also read every object and compare its SHA-256')
    .option('--json', 'print a JSON list instead of a table')
    .option('--delete-orphans', 'delete orphan objects')
    .addOption(
      new Option('--older-than <time>', 'only orphans of this age: a number and s, m, h or d')
        .argParser(parseAge)
        .default(DEFAULT_AGE_SECONDS, '24h'),
    )
    .option('--force', 'delete even if no record refers to a file in a storage, or more than half would be deleted')
    .action((options: ReconcileOptions, command: Command) => answerWith(reconcile(options, command)));
}

async function reconcile(options: ReconcileOptions, command: Command): Promise<number> {
  const { json = false, deep = false, deleteOrphans = false, olderThan, force = false } = options;
  if (!deleteOrphans && OF_DELETION.some((name) => command.getOptionValueSource(name) === 'cli')) {
    command.error('error: --older-than and --force belong to --delete-orphans');
  }
  const deletion = { olderThan: new Date(Date.now() - olderThan * MS_PER_SECOND), force };
  return withApp((app) => print(app, { deep, ...(deleteOrphans && { deleteOrphans: deletion }) }, json));
}

async function print({ reconciliation }: App, options: ReconciliationOptions, json: boolean): Promise<number> {
  const progress = new ReconcileProgress();
  const looked = { objects: 0, records: 0, deleting: 0 };
  let left = 0;
  const onProgress = (now: ReconciliationProgress): void => {
    looked[now.phase] = now.done;
    progress.show(now);
  };
  async function* counted(): AsyncGenerator<Finding> {
    for await (const finding of reconciliation.findings({ ...options, onProgress })) {
      if (finding.kind !== 'orphan-object' || finding.deleted !== true) left += 1;
      yield finding;
    }
  }
  try {
    const layout = { json, heading: tableRow('KIND', 'STORAGE', 'KEY', 'DETAIL'), line: lineOf };
    const found = await printList(counted(), { ...layout, beforeWrite: () => progress.clear() });
    progress.end();
    const { objects, records } = looked;
    if (!json) process.stdout.write(`${objects} objects, ${records} files of records: ${summary(found, left)}.\n`);
  } finally {
    progress.end();
  }
  return left === 0 ? EXIT_CLEAN : EXIT_FINDINGS;
}

function summary(found: number, left: number): string {
  const findings = found === 0 ? 'all is well' : `${found} ${found === 1 ? 'finding' : 'findings'}`;
  return left === found ? findings : `${findings}, ${found - left} deleted`;
}

function tableRow(kind: string, storage: string, key: string, detail: string): string {
  return `${kind.padEnd(17)}  ${storage.padEnd(7)}  ${key.padEnd(80)}  ${detail}`.trimEnd();
}

function lineOf(finding: Finding): string {
  return tableRow(finding.kind, finding.storage, finding.key, detailOf(finding));
}

function detailOf(finding: Finding): string {
  switch (finding.kind) {
    case 'orphan-object': {
      const fate = finding.deleted === undefined ? '' : finding.deleted ? ', deleted' : ', kept';
      return `${finding.size} bytes, of ${finding.modifiedAt.toISOString()}${fate}`;
    }
    case 'unfinished-upload':
      return `begun ${finding.begunAt.toISOString()}`;
    case 'dangling-record':
      return 'the object is not there';
    case 'unknown-storage':
      return `storage ${finding.storage} is not configured`;
    case 'wrong-size':
      return `${finding.found} bytes instead of ${finding.expected}`;
    case 'wrong-checksum':
      return `SHA-256 ${finding.found} instead of ${finding.expected}`;
  }
}

function parseAge(text: string): number {
  const advice = 'Write a number and s, m, h or d, such as 24h, or 0; ten years at most.';
  return parseDuration(text, { min: 0, max: MAX_AGE_SECONDS, advice });
}
