import { Command, InvalidArgumentError, Option } from 'commander';
import type { App } from '../app.js';
import { LecternError } from '../errors.js';
import type { MigrationSummary } from '../media/upkeep/migration.js';
import type { Storage } from '../storage/storage.js';
import { CommandError } from '../known-failure.js';
import { formatBytes, ProgressReport } from './progress.js';
import { withApp } from './with-app.js';

interface MigrateOptions {
  readonly to: 's3' | 'local';
  readonly concurrency: number;
  readonly deleteOriginals: boolean;
}

/** How many files are moved at once. A copy to S3 takes about 32 MiB of memory. */
const DEFAULT_CONCURRENCY = 4;
const MAX_CONCURRENCY = 16;
/** One Ctrl-C can arrive twice, from the terminal and from npm. Only a signal later than this is a second one. */
const SAME_SIGNAL_MS = 500;
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const OTHER = { s3: 'local', local: 's3' } as const;
const USE_S3 = { s3: 'true', local: 'false' } as const;

/** `lectern migrate-storage`: moves the files of before a switch of USE_S3 to where new files go. */
export function migrateStorageCommand(): Command {
  return new Command('migrate-storage')
    .description(
      'Move all files to the storage that new files go to. Run it after USE_S3 was switched and the servers were ' +
        'started again, with the variables of both storages set. Servers may run and take uploads meanwhile. A run ' +
        'that broke off is taken up by the next one. Exit code 1 when a file had to be left where it is.',
    )
    .addOption(new Option('--to <storage>', 'where the files go').choices(['s3', 'local']).makeOptionMandatory())
    .option(
      '--concurrency <files>',
      `how many files are moved at once, 1 to ${String(MAX_CONCURRENCY)}`,
      parseConcurrency,
      DEFAULT_CONCURRENCY,
    )
    .option('--delete-originals', 'then delete the originals, each after its copy was read and found whole', false)
    .action(async (options: MigrateOptions) => {
      process.exitCode = await withApp((app) => migrate(app, options));
    });
}

/** Resolves with the exit code. */
async function migrate(app: App, { to, concurrency, deleteOriginals }: MigrateOptions): Promise<number> {
  const { source, target } = storagesFor(app, to);
  const stop = stopSignal();
  const report = new ProgressReport();
  try {
    const summary = await app.migration.run({
      source,
      target,
      concurrency,
      deleteOriginals,
      signal: stop.signal,
      onProgress: (progress) => report.update(progress),
      onLeft: ({ storage, key }, reason) => report.say(`Left in ${storage}: ${key}: ${reason}.`),
    });
    report.end();
    process.stdout.write(summaryText(summary, { source, target, deleteOriginals, stopped: stop.signal.aborted }));
    return stop.exitCode() ?? (summary.left > 0 ? 1 : 0);
  } catch (error) {
    report.end();
    const exitCode = stop.exitCode();
    if (exitCode !== undefined) return exitCode;
    if (error instanceof LecternError && error.code === 'CONFLICT') {
      throw new CommandError('Another migration is running. Let it end, or stop it, and run this again.');
    }
    throw error;
  } finally {
    stop.unhear();
  }
}

/** Both storages, or why there is nothing to do between them. */
function storagesFor({ storages }: App, to: 's3' | 'local'): { readonly source: Storage; readonly target: Storage } {
  const target = storages.byName(to);
  const source = storages.byName(OTHER[to]);
  if (!target || !source) {
    throw new CommandError(
      'S3 is not configured, so no file can be read from it or moved to it. Set S3_BUCKET_NAME and the other S3 variables.',
    );
  }
  if (storages.current !== target) {
    throw new CommandError(
      `New files go to ${storages.current.name}, so files moved to ${to} would be left behind by them. ` +
        `Set USE_S3=${USE_S3[to]}, start the servers again, then run this again.`,
    );
  }
  return { source, target };
}

interface SummaryFacts {
  readonly source: Storage;
  readonly target: Storage;
  readonly deleteOriginals: boolean;
  readonly stopped: boolean;
}

function summaryText(summary: MigrationSummary, { source, target, deleteOriginals, stopped }: SummaryFacts): string {
  const { copied, reused, superseded, movedBytes, left, originalsDeleted } = summary;
  const lines = [`Moved ${files(copied + reused)} to ${target.name} (${formatBytes(movedBytes)}).`];
  if (reused > 0) lines.push(`${files(reused)} of these had a whole copy there already.`);
  if (superseded > 0) lines.push(`${files(superseded)} were replaced or deleted meanwhile.`);
  if (deleteOriginals) lines.push(`Deleted ${files(originalsDeleted)} from ${source.name}.`);
  else if (copied + reused > 0) {
    lines.push(`The originals stay in ${source.name} until you run this again with --delete-originals.`);
  }
  if (left > 0) lines.push(`${files(left)} had to be left where they are: see above.`);
  if (stopped) lines.push('Stopped. Run it again to go on.');
  return `${lines.join('\n')}\n`;
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${String(count)} files`;
}

interface StopSignal {
  /** Aborts on Ctrl-C or SIGTERM: what is on its way is discarded. */
  readonly signal: AbortSignal;
  /** Undefined unless a signal came. */
  readonly exitCode: () => number | undefined;
  readonly unhear: () => void;
}

function stopSignal(): StopSignal {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let firstAt = 0;
  const hear = (signal: NodeJS.Signals): void => {
    if (exitCode !== undefined && performance.now() - firstAt >= SAME_SIGNAL_MS) process.exit(exitCode);
    if (exitCode === undefined) firstAt = performance.now();
    exitCode ??= SIGNAL_EXIT_CODES[signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM'];
    controller.abort(new Error(`Stopped by ${signal}.`));
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  const unhear = (): void => void process.off('SIGINT', hear).off('SIGTERM', hear);
  return { signal: controller.signal, exitCode: () => exitCode, unhear };
}

function parseConcurrency(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MAX_CONCURRENCY) return number;
  throw new InvalidArgumentError(`Write a whole number from 1 to ${String(MAX_CONCURRENCY)}.`);
}
