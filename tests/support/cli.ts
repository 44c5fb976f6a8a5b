import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/config.js';
import { tied } from './children.js';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HOST = fileURLToPath(new URL('command-host.js', import.meta.url));

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let host: ChildProcess | undefined;
/** Settles when the host is free. */
let free: Promise<unknown> = Promise.resolve();

/**
 * Runs a command of the built `lectern` to its end, with nothing in its environment but what is given: in a process that
 * runs the commands of this file one after the other. What the process itself is about, such as how it ends, is tested
 * with `spawnLectern`.
 */
export function lectern(environment: Environment, ...args: readonly string[]): Promise<CliResult> {
  const result = free.then(() => runInHost(environment, args));
  free = result.catch(() => undefined);
  return result;
}

/** The same as a process of its own, as a person at a terminal runs it. */
export async function spawnLectern(environment: Environment, ...args: readonly string[]): Promise<CliResult> {
  const command = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  command.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  command.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(tied(command), 'close');
  return { exitCode: command.exitCode, stdout, stderr };
}

async function runInHost(environment: Environment, args: readonly string[]): Promise<CliResult> {
  const child = (host ??= startHost());
  const answered = new AbortController();
  const { signal } = answered;
  try {
    const result = Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() =>
        Promise.reject(new Error(`lectern ${args.join(' ')} ended its host.`)),
      ),
    ]);
    child.send({ environment: { ...bareEnvironment(), ...environment }, args });
    const [message] = (await result) as [CliResult];
    return message;
  } finally {
    answered.abort();
  }
}

function startHost(): ChildProcess {
  const child = tied(
    fork(HOST, { env: bareEnvironment(), execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  child.once('exit', () => (host = undefined));
  return child;
}

function bareEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' };
}
