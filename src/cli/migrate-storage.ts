import { Command, InvalidArgumentError } from 'commander';
import type { App } from '../app.js';
import { LecternError } from '../errors.js';
import { CommandError } from '../known-failure.js';
import type { MigrationSummary } from '../media/upkeep/migration.js';
import type { Storage, StorageName } from '../storage/storage.js';
import { parseDuration } from './duration.js';
import { RUN_AGAIN, runLong } from './long-command.js';
import { formatBytes, ProgressReport } from './progress.js';
import { withApp } from './with-app.js';

interface MigrateOptions {
  readonly to: StorageName;
  readonly from?: StorageName;
  readonly concurrency: number;
  /** In seconds. The longest lifetime of a signed URL when absent. */
  readonly keepOriginals?: number;
}

/** How many files are moved at the same time. A copy to S3 takes about 32 MiB of memory. */
const DEFAULT_CONCURRENCY = 4;
const MAX_CONCURRENCY = 16;
const MAX_KEEP_SECONDS = 10 * 365 * 86_400;
const MS_PER_SECOND = 1_000;

/** `lectern migrate-storage`: moves all files of one storage to the storage of new files. */
export function migrateStorageCommand(): Command {
  return new Command('migrate-storage')
    .description(
      'Move all files of one storage to another. Run it after you have changed STORAGE (or USE_S3) and restarted the ' +
        'servers, with the variables of both storages set. Servers may run and accept uploads meanwhile. After an ' +
        'interruption, run it again to continue. The exit code is 1 when a file could not be moved.',
    )
    .requiredOption('--to <storage>', 'the storage to move files to: the storage of new files')
    .option('--from <storage>', 'the storage to move files from; optional when two storages are configured')
    .option(
      '--concurrency <files>',
      `how many files are moved at the same time, 1 to ${String(MAX_CONCURRENCY)}`,
      parseConcurrency,
      DEFAULT_CONCURRENCY,
    )
    .option(
      '--keep-originals <time>',
      'how long each original is kept after its move: a number with s, m, h or d (default: the longest lifetime of a ' +
        'signed URL, so that URLs that clients have keep working)',
      parseKeepTime,
    )
    .action(async (options: MigrateOptions) => {
      process.exitCode = await withApp((app) => migrate(app, options));
    });
}

/** Resolves with the exit code. */
async function migrate(app: App, options: MigrateOptions): Promise<number> {
  const { source, target } = storagesFor(app, options);
  const keepMs = options.keepOriginals === undefined ? app.longestUrlMs : options.keepOriginals * MS_PER_SECOND;
  const report = new ProgressReport();
  try {
    return await runLong(report, RUN_AGAIN, async (stop) => {
      const summary = await app.migration.run({
        source,
        target,
        concurrency: options.concurrency,
        keepMs,
        signal: stop.signal,
        onProgress: (progress) => report.update(progress),
        onLeft: ({ storage, key }, reason) => report.say(`Left in ${storage}: ${key}: ${reason}.`),
      });
      const text = summaryText(summary, { source, target, keepMs, stopped: stop.signal.aborted });
      return { text, exitCode: stop.exitCode ?? (summary.left > 0 ? 1 : 0) };
    });
  } catch (error) {
    if (error instanceof LecternError && error.code === 'CONFLICT') {
      throw new CommandError('Another migration is running. Wait for its end or stop it, then run this again.');
    }
    throw error;
  }
}

/** Returns both storages. Throws a CommandError when files cannot be moved between them. */
function storagesFor(
  { storages }: App,
  { to, from }: MigrateOptions,
): { readonly source: Storage; readonly target: Storage } {
  const target = configured(storages, to);
  const others = storages.all().filter((storage) => storage !== target);
  if (from === undefined && others.length > 1) {
    throw new CommandError(
      `Say where the files are now: --from ${others.map(({ name }) => name).join(', or --from ')}.`,
    );
  }
  const source = from === undefined ? others[0] : configured(storages, from);
  if (source === target) throw new CommandError('--from and --to are the same storage.');
  if (source === undefined) {
    throw new CommandError(
      'Only one storage is configured, so no file can be moved. Set S3_BUCKET_NAME and the other S3 variables.',
    );
  }
  if (storages.current !== target) {
    throw new CommandError(
      `New files go to ${storages.current.name}, not to ${to}. ` +
        `Set STORAGE=${to}, restart the servers, then run this again.`,
    );
  }
  return { source, target };
}

function configured(storages: App['storages'], name: StorageName): Storage {
  const storage = storages.byName(name);
  if (storage) return storage;
  throw new CommandError(
    storages.names.includes(name)
      ? `Storage "${name}" is not configured. Set S3_BUCKET_NAME and the other S3 variables.`
      : `There is no storage "${name}". There are: ${storages.names.join(', ')}.`,
  );
}

interface SummaryFacts {
  readonly source: Storage;
  readonly target: Storage;
  readonly keepMs: number;
  readonly stopped: boolean;
}

function summaryText(summary: MigrationSummary, { source, target, keepMs, stopped }: SummaryFacts): string {
  const { moved, superseded, movedBytes, left } = summary;
  const lines = [`Moved ${files(moved)} to ${target.name} (${formatBytes(movedBytes)}).`];
  if (moved > 0) {
    lines.push(
      `The server deletes each original from ${source.name} ${String(keepMs / MS_PER_SECOND)} seconds after its move.`,
    );
  }
  if (superseded > 0) lines.push(`${files(superseded)} were replaced, deleted or moved by others meanwhile.`);
  if (left > 0) lines.push(`${files(left)} could not be moved: see above.`);
  if (stopped) lines.push(RUN_AGAIN);
  return `${lines.join('\n')}\n`;
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${String(count)} files`;
}

function parseConcurrency(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MAX_CONCURRENCY) return number;
  throw new InvalidArgumentError(`Write a whole number from 1 to ${String(MAX_CONCURRENCY)}.`);
}

function parseKeepTime(text: string): number {
  return parseDuration(text, {
    min: 0,
    max: MAX_KEEP_SECONDS,
    advice: 'Write a number and s, m, h or d, such as 24h, or 0; ten years at most.',
  });
}
