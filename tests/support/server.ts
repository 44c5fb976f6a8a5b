import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/config.js';
import { tied } from './children.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ServerProcess {
  /** The GraphQL endpoint, as the banner says it. */
  readonly url: string;
  readonly process: ChildProcess;
  /** All that it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for the end without a signal. Returns the exit code. */
  ended(): Promise<number | null>;
  /** Sends a signal and waits for the end. Returns the exit code, or null after a signal that was not handled. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How a start ended that did not lead to a running server. */
export interface FailedStart {
  readonly exitCode: number | null;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built server as a process of its own, with nothing in its environment but what is given. */
export async function startServer(
  environment: Environment,
  cwd?: string,
  nodeArguments?: readonly string[],
): Promise<ServerProcess> {
  const outcome = await tryStartServer(environment, cwd, nodeArguments);
  if ('exitCode' in outcome) {
    throw new Error(`The server ended with ${String(outcome.exitCode)}: ${outcome.stdout}${outcome.stderr}`);
  }
  return outcome;
}

/** Like `startServer`, for starts that may be refused. With arguments for Node there is a channel for messages, too. */
export async function tryStartServer(
  environment: Environment,
  cwd?: string,
  nodeArguments: readonly string[] = [],
): Promise<ServerProcess | FailedStart> {
  const child = tied(
    spawn(process.execPath, [...nodeArguments, MAIN], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe', nodeArguments.length > 0 ? 'ipc' : 'ignore'],
      ...(cwd !== undefined && { cwd }),
    }),
  );
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const ready = new Promise<string>((resolve) => {
    child.stdout!.on('data', () => {
      const url = /https?:\/\/\S+\/graphql/.exec(stdout)?.[0].replace(/".*$/, '');
      if (url !== undefined && stdout.endsWith('\n')) resolve(url);
    });
  });
  const url = await Promise.race([ready, ended.then(() => null)]);
  if (url === null) return { exitCode: child.exitCode, signal: child.signalCode, stdout, stderr };
  return {
    url,
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: () => ended.then(() => child.exitCode),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}
