import { Command } from 'commander';

/** The exit codes of a command that looks for faults, as `diff` and `grep` have them. */
export const EXIT_CLEAN = 0;
export const EXIT_FINDINGS = 1;
/** It could not look, or not to the end. */
export const EXIT_FAILED = 2;

/** Makes it the exit code of the process that a command cannot read its arguments. */
export function answeringCommand(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => {
    process.exit(exitCode === EXIT_CLEAN ? EXIT_CLEAN : EXIT_FAILED);
  });
}

/** The exit code of the process is the answer. It has failed until that is there, however the process ends. */
export async function answerWith(answer: Promise<number>): Promise<void> {
  process.exitCode = EXIT_FAILED;
  process.exitCode = await answer;
}
