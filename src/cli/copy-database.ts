import { Command, Option } from 'commander';
import type { CopyTarget } from '../app/copy-database.js';
import { loadConfig } from '../config.js';
import type { CopiedCollection } from '../database/copy-records.js';
import { CommandError } from '../known-failure.js';
import { RUN_AGAIN, runLong } from './long-command.js';
import { ProgressBar } from './progress-bar.js';

const PHASES = { copying: 'Copying', comparing: 'Comparing' } as const;

/** `lectern copy-database`: copies all records between the embedded database and MongoDB. */
export function copyDatabaseCommand(): Command {
  return new Command('copy-database')
    .description(
      'Copy all records from the embedded database in DATA_DIR to the database of MONGODB_URI, or back. Stop all servers ' +
        'first, and set both variables. The target must have no records. The source is not changed. At the end, the ' +
        'number and the checksum of the records are compared. After an interruption, run it again to continue. Files ' +
        'stay where they are: lectern migrate-storage moves them.',
    )
    .addOption(
      new Option('--to <database>', 'the database to copy to').choices(['mongodb', 'embedded']).makeOptionMandatory(),
    )
    .action(async ({ to }: { to: CopyTarget }) => {
      process.exitCode = await copy(to);
    });
}

/** Resolves with the exit code. */
async function copy(to: CopyTarget): Promise<number> {
  const config = loadConfig();
  const { mongodbUri } = config.database;
  if (mongodbUri === undefined) {
    throw new CommandError(`Set MONGODB_URI to the database to copy ${to === 'mongodb' ? 'to' : 'from'}.`);
  }
  // Imports app.js because its models name the collections.
  const [{ copyDatabase }] = await Promise.all([import('../app/copy-database.js'), import('../app.js')]);
  const bar = new ProgressBar();
  return runLong(bar, RUN_AGAIN, async ({ signal }) => {
    const copied = await copyDatabase(config, mongodbUri, to, {
      signal,
      onProgress: ({ collection, phase, done, total }) =>
        bar.show({ label: `${PHASES[phase]} ${collection}`, done, total }),
    });
    return { text: summary(copied, to), exitCode: 0 };
  });
}

function summary(copied: readonly CopiedCollection[], to: CopyTarget): string {
  const lines = copied.map(
    ({ name, count, sha256 }) => `${name.padEnd(14)} ${String(count).padStart(9)}  SHA-256 ${sha256}`,
  );
  const next =
    to === 'mongodb'
      ? 'Start the servers with MONGODB_URI.'
      : 'Start the server without MONGODB_URI (in production, with ALLOW_EMBEDDED_DATABASE=true).';
  return `${lines.join('\n')}\nSource and target have the same records. ${next}\n`;
}
