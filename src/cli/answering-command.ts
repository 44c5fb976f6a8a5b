import { Command } from 'commander';

/** The exit codes of a command that searches for problems, like those of `diff` and `grep`. */
export const EXIT_CLEAN = 0;
export const EXIT_FINDINGS = 1;
/** The command failed, or could not finish. */
export const EXIT_FAILED = 2;

/** Creates a command that exits with EXIT_FAILED when its arguments are invalid. */
export function answeringCommand(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => {
    process.exit(exitCode === EXIT_CLEAN ? EXIT_CLEAN : EXIT_FAILED);
  });
}

/** Sets the exit code of the process to `answer`. Until it resolves, the exit code is EXIT_FAILED. */
export async function answerWith(answer: Promise<number>): Promise<void> {
  process.exitCode = EXIT_FAILED;
  process.exitCode = await answer;
}
