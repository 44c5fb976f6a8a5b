import { setTimeout as delay } from 'node:timers/promises';
import { createApp, type App } from '../../src/app.js';
import { loadConfig, type Environment } from '../../src/config.js';
import { newEnvironment, removeData, tokenFor } from '../support/app.js';
import { startServer, tryStartServer, type ServerProcess } from '../support/server.js';
import type { StorageUnderTest } from '../support/storages.js';
import { clientWith, type Client } from '../support/client.js';
import { Instructor } from './instructor.js';
import type { Random } from './random.js';
import { startRelay, type Relay } from './relay.js';
import { readShelf } from './shelf.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';

/** How many clients work at the same time. */
const INSTRUCTORS = 4;
/** Between these is how long the clients work before a kill at a random moment, in milliseconds. */
const LEAST_WORK_MS = 50;
const MOST_WORK_MS = 1_000;
/** How long a server may be worked on before a fail point is taken for one that is never reached, in milliseconds. */
const NEVER_REACHED_MS = 20_000;

/** A server on data of its own that is killed and started again, and the clients that keep account of it. */
export class CrashSite {
  private readonly instructors: readonly Instructor[];

  private constructor(
    private readonly environment: Environment & { readonly DATA_DIR: string },
    /** The ways to what goes on when the server is killed. */
    private readonly relays: readonly Relay[],
    private readonly random: Random,
  ) {
    this.instructors = Array.from({ length: INSTRUCTORS }, (_, i) => new Instructor(`ada${i + 1}`, random));
  }

  static async create(storage: StorageUnderTest, random: Random): Promise<CrashSite> {
    const environment = await newEnvironment(await storage.environment());
    const relays: Relay[] = [];
    const relayed: Record<string, string> = {};
    for (const name of ['S3_ENDPOINT', 'MONGODB_URI']) {
      const address = environment[name];
      if (address === undefined) continue;
      const url = new URL(address);
      const relay = await startRelay(new URL(address));
      relays.push(relay);
      url.host = `127.0.0.1:${relay.port}`;
      relayed[name] = url.href;
    }
    return new CrashSite({ ...environment, ...relayed }, relays, random);
  }

  /** Lets the clients work on a server until it comes to this fail point, which kills it. */
  async killAt(failPoint: string): Promise<void> {
    const server = await this.start({ FAIL_POINT: failPoint });
    const never = setTimeout(() => server.process.kill('SIGTERM'), NEVER_REACHED_MS);
    await this.workUntilKilled(server);
    clearTimeout(never);
    if (server.process.signalCode !== 'SIGKILL') throw new Error(`${failPoint} was never reached: ${server.stderr()}`);
  }

  /** Lets the clients work on a server for a random while, then kills it. */
  async killAtRandom(): Promise<void> {
    const server = await this.start();
    const working = this.workUntilKilled(server);
    await delay(this.random.between(LEAST_WORK_MS, MOST_WORK_MS));
    server.process.kill('SIGKILL');
    await working;
  }

  /** Starts a server that is killed by its own sweep, at this point. */
  async killSweepAt(failPoint: string): Promise<void> {
    await this.asOperator(letTimePass);
    const started = await tryStartServer({ ...this.environment, FAIL_POINT: failPoint });
    if ('process' in started) {
      const never = setTimeout(() => started.process.kill('SIGTERM'), NEVER_REACHED_MS);
      await started.ended();
      clearTimeout(never);
    }
    const signal = 'process' in started ? started.process.signalCode : started.signal;
    if (signal !== 'SIGKILL') throw new Error(`${failPoint} was never reached by a sweep: ${String(signal)}`);
  }

  /** Sweeps once, as `lectern sweep` does, when all deadlines have passed. Returns what is not whole after that. */
  async sweepOnce(): Promise<string[]> {
    return this.asOperator(async (app) => {
      await letTimePass();
      await app.sweeper.sweep();
      const filesDir = loadConfig(this.environment).storage.localDir;
      return faultsOf(app, { filesDir, environment: this.environment });
    });
  }

  /** Starts the server once more, only to compare what it shows with what was acknowledged. */
  async compareShelves(): Promise<void> {
    await (await this.start()).stop();
  }

  async remove(): Promise<void> {
    await removeData(this.environment);
    for (const relay of this.relays) relay.close();
  }

  /** Starts the server and compares what it shows to each client, byte for byte, with what was acknowledged to it. */
  private async start(environment: Environment = {}): Promise<ServerProcess> {
    const server = await startServer({ ...this.environment, ...environment });
    try {
      await Promise.all(this.instructors.map((instructor) => this.compareShelf(instructor, server)));
    } catch (error) {
      await server.stop('SIGKILL');
      throw error;
    }
    return server;
  }

  private async compareShelf(instructor: Instructor, server: ServerProcess): Promise<void> {
    const seen = await readShelf(await clientOf(instructor, server), instructor.name);
    const acceptable = instructor.acceptable().map((shelf) => canonical(shelf));
    if (!acceptable.includes(canonical(seen.shelf))) {
      throw new Error(
        `${instructor.name} (in the middle of: ${instructor.openDeed}) sees\n${canonical(seen.shelf)}\n` +
          `and not one of\n${acceptable.join('\n')}`,
      );
    }
    instructor.accept(seen);
  }

  private async workUntilKilled(server: ServerProcess): Promise<void> {
    const working = this.instructors.map(async (instructor) =>
      instructor.work(await clientOf(instructor, server), server.url),
    );
    try {
      await Promise.all(working);
    } finally {
      // A client that found a fault ends the others.
      server.process.kill('SIGKILL');
      await Promise.allSettled(working);
      await server.ended();
    }
  }

  /** Works with the parts of a server in this process, while no server runs. */
  private async asOperator<T>(work: (app: App) => Promise<T>): Promise<T> {
    for (const relay of this.relays) await relay.settled();
    const app = await createApp(loadConfig(this.environment));
    try {
      return await work(app);
    } finally {
      await app.stop();
    }
  }
}

async function clientOf({ name }: Instructor, { url }: ServerProcess): Promise<Client> {
  return clientWith(url, await tokenFor(name, 'instructor'));
}

/** The same text for the same content, in whatever order it came. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null ? Object.fromEntries(Object.entries(item).sort()) : item,
  );
}
