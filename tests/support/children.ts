import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The processes that the running test file has started and that have not ended. */
const running = new Set<ChildProcess>();

/** Reads `+pid` and `-pid`, one a line, and kills what is left when its input ends: when this process is gone. */
const GUARD = `
  const pids = new Set();
  require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => line[0] === '+' ? pids.add(line.slice(1)) : pids.delete(line.slice(1)))
    .on('close', () => { for (const pid of pids) try { process.kill(Number(pid), 'SIGKILL'); } catch {} });
`;
let guard: Writable | undefined;

/** Ties a child to its test: it is killed when its file has ended, or this process, however that ends. */
export function tied<T extends ChildProcess>(child: T): T {
  const { pid } = child;
  if (pid === undefined) return child;
  running.add(child);
  tellGuard(`+${String(pid)}`);
  child.once('exit', () => {
    running.delete(child);
    tellGuard(`-${String(pid)}`);
  });
  return child;
}

/** Kills the children that a file has left behind. */
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
  // Alone, it keeps nobody alive.
  (stdin as Writable & { unref?: () => void }).unref?.();
  return stdin;
}
