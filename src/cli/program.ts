import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { printFailure } from '../known-failure.js';

interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Loads the file of the command, with everything that it imports. */
  readonly load: () => Promise<Command>;
}

/** All commands. Only those named on the command line are loaded, because loading the server's parts takes time. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  token: {
    summary: 'create a token for development',
    load: async () => (await import('./token.js')).tokenCommand(),
  },
  seed: {
    summary: 'create a small catalogue for trying Lectern out',
    load: async () => (await import('./seed.js')).seedCommand(),
  },
  sweep: {
    summary: 'finish interrupted uploads and deletions now',
    load: async () => (await import('./sweep.js')).sweepCommand(),
  },
  reconcile: {
    summary: 'compare storages and records',
    load: async () => (await import('./reconcile.js')).reconcileCommand(),
  },
  rebuild: {
    summary: 'update search words and list keys after an upgrade',
    load: async () => (await import('./rebuild.js')).rebuildCommand(),
  },
  remeasure: {
    summary: 'measure files that were not measured yet, or by an earlier version',
    load: async () => (await import('./remeasure.js')).remeasureCommand(),
  },
  doctor: {
    summary: 'check the configuration, the database and the storages',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
  backup: {
    summary: 'save all records and their files to a folder',
    load: async () => (await import('./backup.js')).backupCommand(),
  },
  restore: {
    summary: 'restore what backup has saved into an empty installation',
    load: async () => (await import('./restore.js')).restoreCommand(),
  },
  'copy-database': {
    summary: 'copy all records from the embedded database to MongoDB, or back',
    load: async () => (await import('./copy-database.js')).copyDatabaseCommand(),
  },
  'migrate-storage': {
    summary: 'move all files to the storage of new files',
    load: async () => (await import('./migrate-storage.js')).migrateStorageCommand(),
  },
};

/** Reads the version from package.json, which is two folders above both the source and the built file. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/**
 * Creates the program `lectern` with all its commands.
 * @param words The command line. Only the commands that it names are loaded.
 */
export async function lecternProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('lectern')
    .description('Commands for a Lectern server. They read the same environment variables and .env file as the server.')
    .version(version());
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand((words.includes(name) ? await load() : new Command(name)).summary(summary));
  }
  return program;
}

/** Prints why a command failed to standard error, and sets an exit code other than 0. */
export function reportFailure(error: unknown): void {
  printFailure(error);
  // Commands whose exit code 1 has another meaning have set theirs already.
  process.exitCode ??= 1;
}
