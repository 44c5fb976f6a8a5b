import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/config.js';
import { tied } from './children.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ServerProcess {
  /** The URL of the GraphQL endpoint in the banner. */
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until the process ends, without sending a signal. Returns the exit code. */
  ended(): Promise<number | null>;
  /** Sends a signal and waits until the process ends. Returns the exit code, or null when the signal was not handled. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The end of a process that did not start to listen. */
export interface FailedStart {
  readonly exitCode: number | null;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built server in a separate process, with only the given environment variables. */
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

/** Like `startServer`, but for starts that may fail. With arguments for Node, there is also a message channel. */
export async function tryStartServer(
  environment: Environment,
  cwd?: string,
  nodeArguments: readonly string[] = [],
): Promise<ServerProcess | FailedStart> {
  return serverOf(
    spawn(process.execPath, [...nodeArguments, MAIN], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe', nodeArguments.length > 0 ? 'ipc' : 'ignore'],
      ...(cwd !== undefined && { cwd }),
    }),
  );
}

/** Waits until a process that was just started serves requests, or has ended. Its output must be piped. */
export async function serverOf(started: ChildProcess): Promise<ServerProcess | FailedStart> {
  const child = tied(started);
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
