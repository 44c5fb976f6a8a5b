import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { printFailure } from '../known-failure.js';

interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Loads the command's own file, and with it what it needs. */
  readonly load: () => Promise<Command>;
}

/** Every command. Only the ones that are named on the command line are loaded: the server's parts take a while. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  token: {
    summary: 'make a token for development',
    load: async () => (await import('./token.js')).tokenCommand(),
  },
  seed: {
    summary: 'fill a small catalogue for trying things out',
    load: async () => (await import('./seed.js')).seedCommand(),
  },
  sweep: {
    summary: 'finish now what crashes and storage faults have left',
    load: async () => (await import('./sweep.js')).sweepCommand(),
  },
  reconcile: {
    summary: 'compare storages and records',
    load: async () => (await import('./reconcile.js')).reconcileCommand(),
  },
  rebuild: {
    summary: 'bring search words and list keys up to date after an upgrade',
    load: async () => (await import('./rebuild.js')).rebuildCommand(),
  },
  remeasure: {
    summary: 'measure stored files that are not measured, or were measured by an earlier version',
    load: async () => (await import('./remeasure.js')).remeasureCommand(),
  },
  doctor: {
    summary: 'check the configuration, the database and the storages',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
  'migrate-storage': {
    summary: 'move all files to the storage that new files go to',
    load: async () => (await import('./migrate-storage.js')).migrateStorageCommand(),
  },
};

/** The version in package.json, two folders up from the built file as from the source. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** `lectern` with all its commands. `words` is the command line: the commands that it names are loaded. */
export async function lecternProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('lectern')
    .description('Commands for a Lectern server. They read the same environment and .env file as the server.')
    .version(version());
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand((words.includes(name) ? await load() : new Command(name)).summary(summary));
  }
  return program;
}

/** Says on standard error why a command failed, and gives the process an exit code that is not 0. */
export function reportFailure(error: unknown): void {
  printFailure(error);
  // A command whose exit code is its answer has another one for this.
  process.exitCode ??= 1;
}
