import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../src/app.js';
import type { Environment } from '../../src/config.js';
import type { Timings } from '../../src/timings.js';
import { newEnvironment, removeData } from '../support/app.js';
import { tryStartServer } from '../support/server.js';
import type { StorageUnderTest } from '../support/storages.js';
import { timings } from '../support/timings.js';
import { withParts, type KillableHost, type KillableServer, type Site } from './killable.js';
import type { DeathPoint } from './life.js';
import { startRelay, type Relay } from './relay.js';

/** The range of the time that a server runs before it dies at a random moment, in milliseconds. */
const LEAST_WORK_MS = 50;
const MOST_WORK_MS = 1_000;

/** The variables that name the services that outlive a killed server. */
const SURVIVORS = ['S3_ENDPOINT', 'MONGODB_URI'];

/** Servers in separate processes that are killed by SIGKILL: by themselves at a fail point, or from outside. */
export class KilledHost implements KillableHost {
  private died = false;

  private constructor(
    private readonly environment: Environment & { readonly DATA_DIR: string },
    /** The relays to the services that outlive the killed server. */
    private readonly relays: readonly Relay[],
  ) {}

  /**
   * @param changed Time-outs that differ from the default ones.
   * @param settings Additional variables.
   */
  static async create(
    storage: StorageUnderTest,
    changed: Partial<Timings> = {},
    settings: Environment = {},
  ): Promise<KilledHost> {
    const environment = await newEnvironment({
      ...(await storage.environment()),
      ...settings,
      TIMINGS: timings(changed),
    });
    const relays: Relay[] = [];
    const relayed: Record<string, string> = {};
    for (const name of SURVIVORS) {
      const address = environment[name];
      if (address === undefined) continue;
      const url = new URL(address);
      const relay = await startRelay(new URL(address));
      relays.push(relay);
      url.host = `127.0.0.1:${relay.port}`;
      relayed[name] = url.href;
    }
    return new KilledHost({ ...environment, ...relayed }, relays);
  }

  async start(deathPoint?: DeathPoint): Promise<KillableServer | 'died'> {
    this.died = false;
    const failPoint = deathPoint && `kill:${deathPoint.when}:${deathPoint.step}:${deathPoint.pass}`;
    const server = await tryStartServer({ ...this.environment, ...(failPoint && { FAIL_POINT: failPoint }) });
    if ('exitCode' in server) {
      this.died = server.signal === 'SIGKILL';
      if (!this.died) throw new Error(`The server ended with ${String(server.exitCode)}: ${server.stderr}`);
      return 'died';
    }
    server.process.once('exit', (_code, signal) => (this.died = signal === 'SIGKILL'));
    return {
      url: server.url,
      dieSometime: (random) => {
        void delay(random.between(LEAST_WORK_MS, MOST_WORK_MS)).then(() => server.process.kill('SIGKILL'));
      },
      kill: async () => {
        await server.stop('SIGKILL');
      },
      stop: async () => {
        await server.stop();
      },
    };
  }

  hasDied(): boolean {
    return this.died;
  }

  async asOperator<T>(work: (app: App, site: Site) => Promise<T>): Promise<T> {
    for (const relay of this.relays) await relay.settled();
    return withParts(this.environment, work);
  }

  async remove(): Promise<void> {
    await removeData(this.environment);
    for (const relay of this.relays) relay.close();
  }
}
