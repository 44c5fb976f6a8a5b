import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/config.js';
import { tied, tiedToProcess } from './children.js';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HOST = fileURLToPath(new URL('command-host.js', import.meta.url));

export interface CliResult {
  /** Null when a signal ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Without the lines of progress, which are printed every ten seconds: on a busy machine any command takes so long. */
  readonly stderr: string;
}

function withoutProgress(stderr: string): string {
  return stderr.replace(/^Progress: .*\n/gm, '');
}

let host: ChildProcess | undefined;
/** Settles when the host process can run the next command. */
let free: Promise<unknown> = Promise.resolve();

/**
 * Runs a command of the built `lectern`, with only the given environment variables, in a process that runs the commands
 * of all test files of this worker one after the other. To test the process itself, such as how it ends, use `spawnLectern`.
 */
export function lectern(environment: Environment, ...args: readonly string[]): Promise<CliResult> {
  const result = free.then(() => runInHost(environment, args));
  free = result.catch(() => undefined);
  return result;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
}

/** Starts a command in a separate process. */
export function startCommand(environment: Environment, ...args: readonly string[]): RunningCommand {
  // Turns off the AWS SDK's warning about Node 20 on standard error, which tests compare.
  const env = { PATH: process.env['PATH'], AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...environment };
  const command = tied(spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  let stdout = '';
  let stderr = '';
  command.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  command.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(command, 'close').then(() => ({
    exitCode: command.exitCode,
    stdout,
    stderr: withoutProgress(stderr),
  }));
  return { process: command, ended };
}

/** Runs a command in a separate process, like a user at a terminal. */
export function spawnLectern(environment: Environment, ...args: readonly string[]): Promise<CliResult> {
  return startCommand(environment, ...args).ended;
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
    return { ...message, stderr: withoutProgress(message.stderr) };
  } finally {
    answered.abort();
  }
}

function startHost(): ChildProcess {
  const child = tiedToProcess(
    fork(HOST, { env: bareEnvironment(), execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  child.once('exit', () => (host = undefined));
  // It does not keep this process alive.
  child.unref();
  child.channel?.unref();
  return child;
}

function bareEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' };
}
