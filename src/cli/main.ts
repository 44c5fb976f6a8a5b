#!/usr/bin/env node
import { Command } from 'commander';
import { doctorCommand } from './doctor.js';
import { knownFailure } from '../known-failure.js';
import { migrateStorageCommand } from './migrate-storage.js';
import { reconcileCommand } from './reconcile.js';
import { rebuildCommand } from './rebuild.js';
import { seedCommand } from './seed.js';
import { sweepCommand } from './sweep.js';
import { tokenCommand } from './token.js';

const lectern = new Command('lectern')
  .description('Commands for a Lectern server. They read the same environment and .env file as the server.')
  .addCommand(tokenCommand())
  .addCommand(seedCommand())
  .addCommand(sweepCommand())
  .addCommand(reconcileCommand())
  .addCommand(rebuildCommand())
  .addCommand(doctorCommand())
  .addCommand(migrateStorageCommand());

try {
  await lectern.parseAsync();
} catch (error) {
  const message = knownFailure(error);
  if (message === undefined) console.error(error);
  else process.stderr.write(`${message}\n`);
  // A command whose exit code is its answer has another one for this.
  process.exitCode ??= 1;
}
