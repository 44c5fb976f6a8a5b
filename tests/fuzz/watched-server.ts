import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/config.js';
import { startServer, type ServerProcess } from '../support/server.js';

const MONITOR = new URL('monitor.js', import.meta.url);

/** What was seen of a process since the last look. */
export interface Watch {
  /** Turns of the event loop in which it computed for long, in milliseconds of processor time. */
  readonly stallsMs: readonly number[];
  /** The longest time between two turns, whatever it was spent on: on a busy machine mostly on waiting, in milliseconds. */
  readonly longestGapMs: number;
  /** How often it was looked at: with no looks there would be no stalls. */
  readonly beats: number;
  /** Heap and buffers after a collection of garbage, in bytes. */
  readonly memoryBytes: number;
  readonly rssBytes: number;
}

/** The built server as a process of its own, and an idle process beside it that tells what the machine does to both. */
export class WatchedServer {
  private constructor(
    readonly server: ServerProcess,
    private readonly idle: ChildProcess,
  ) {}

  static async start(environment: Environment, cwd: string): Promise<WatchedServer> {
    const server = await startServer(environment, cwd, ['--import', MONITOR.href]);
    return new WatchedServer(server, fork(fileURLToPath(MONITOR), { execArgv: [], stdio: 'inherit' }));
  }

  get pid(): number {
    return this.server.process.pid ?? 0;
  }

  /** What was seen of the server, and the longest gap of the idle process in the same time. */
  async look(): Promise<Watch & { readonly idleGapMs: number }> {
    const [seen, beside] = await Promise.all([sampleOf(this.server.process), sampleOf(this.idle)]);
    return { ...seen, idleGapMs: beside.longestGapMs };
  }

  /**
   * How many descriptors the server has open, without those of its pool of connections to the database, which grows with
   * the work at hand and is kept. Linux: proc_pid_fd(5); the embedded database is reached by Unix sockets.
   */
  async openDescriptors(): Promise<number> {
    const folder = `/proc/${String(this.pid)}`;
    const names = await readdir(`${folder}/fd`);
    // One may be closed between the two calls.
    const targets = await Promise.all(names.map((name) => readlink(`${folder}/fd/${name}`).catch(() => undefined)));
    const unixSockets = await readFile(`${folder}/net/unix`, 'utf8');
    const pooled = new Set(unixSockets.split('\n').map((line) => `socket:[${line.trim().split(/\s+/)[6] ?? ''}]`));
    return targets.filter((target) => target !== undefined && !pooled.has(target)).length;
  }

  /** The exit code of the server after SIGTERM. */
  async stop(): Promise<number | null> {
    this.idle.kill();
    return this.server.stop();
  }
}

async function sampleOf(process: ChildProcess): Promise<Watch> {
  const answered = once(process, 'message') as Promise<[Watch]>;
  process.send('sample');
  const [sample] = await answered;
  return sample;
}
