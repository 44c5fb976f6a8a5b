import { Command } from 'commander';

/** The exit codes of a command that looks for faults, as `diff` and `grep` have them. */
export const EXIT_CLEAN = 0;
export const EXIT_FINDINGS = 1;
/** It could not look, or not to the end. */
export const EXIT_FAILED = 2;

/**
 * A command whose exit code is its answer. It has failed until `answer` has resolved, however the process ends; so also
 * with arguments that it does not know.
 */
export function answeringCommand<O>(name: string, answer: (options: O, command: Command) => Promise<number>): Command {
  return new Command(name)
    .exitOverride(({ exitCode }) => {
      process.exit(exitCode === EXIT_CLEAN ? EXIT_CLEAN : EXIT_FAILED);
    })
    .action(async (options: O, command: Command) => {
      process.exitCode = EXIT_FAILED;
      process.exitCode = await answer(options, command);
    });
}
