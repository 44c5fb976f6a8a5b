import { Command } from 'commander';
import { knownFailure } from '../known-failure.js';
import { doctorCommand } from './doctor.js';
import { migrateStorageCommand } from './migrate-storage.js';
import { reconcileCommand } from './reconcile.js';
import { rebuildCommand } from './rebuild.js';
import { seedCommand } from './seed.js';
import { sweepCommand } from './sweep.js';
import { tokenCommand } from './token.js';

/** `lectern` with all its commands. */
export function lecternProgram(): Command {
  return new Command('lectern')
    .description('Commands for a Lectern server. They read the same environment and .env file as the server.')
    .addCommand(tokenCommand())
    .addCommand(seedCommand())
    .addCommand(sweepCommand())
    .addCommand(reconcileCommand())
    .addCommand(rebuildCommand())
    .addCommand(doctorCommand())
    .addCommand(migrateStorageCommand());
}

/** Says on standard error why a command failed, and gives the process an exit code that is not 0. */
export function reportFailure(error: unknown): void {
  const message = knownFailure(error);
  if (message === undefined) console.error(error);
  else process.stderr.write(`${message}\n`);
  // A command whose exit code is its answer has another one for this.
  process.exitCode ??= 1;
}
