import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The processes that this test file has started and that have not ended. */
const running = new Set<ChildProcess>();

/** Reads lines with `+pid` and `-pid`. When its input ends, because this process has ended, kills the remaining ones. */
const GUARD = `
  const pids = new Set();
  require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => line[0] === '+' ? pids.add(line.slice(1)) : pids.delete(line.slice(1)))
    .on('close', () => { for (const pid of pids) try { process.kill(Number(pid), 'SIGKILL'); } catch {} });
`;
let guard: Writable | undefined;

/** Registers a child process. It is killed at the end of the test file, and when this process ends in any way. */
export function tied<T extends ChildProcess>(child: T): T {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return tiedToProcess(child);
}

/** Registers a child process that serves many test files. It is killed when this process ends in any way. */
export function tiedToProcess<T extends ChildProcess>(child: T): T {
  const { pid } = child;
  if (pid === undefined) return child;
  tellGuard(`+${String(pid)}`);
  child.once('exit', () => tellGuard(`-${String(pid)}`));
  return child;
}

/** Kills the child processes that a test file has not ended. */
export async function endChildren(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }),
  );
}

function tellGuard(line: string): void {
  guard ??= startGuard();
  guard.write(`${line}\n`);
}

function startGuard(): Writable {
  const child = spawn(process.execPath, ['-e', GUARD], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  child.unref();
  const { stdin } = child;
  // It does not keep this process alive.
  (stdin as Writable & { unref?: () => void }).unref?.();
  return stdin;
}
