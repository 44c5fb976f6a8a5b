import { createApp, type App } from '../../src/app.js';
import { loadConfig, type Environment } from '../../src/config.js';
import type { Timings } from '../../src/timings.js';
import { newEnvironment, removeData } from '../support/app.js';
import { timings } from '../support/timings.js';
import type { StorageUnderTest } from '../support/storages.js';
import { withParts, type KillableHost, type KillableServer, type Site } from './killable.js';
import { AbandonedError, Life, type DeathPoint } from './life.js';
import { makeDatabaseMortal, mortalDrivers } from './mortal-ports.js';
import { startRelay, type Relay } from './relay.js';

/** The range of the number of effects that a server has before it dies at a random moment. */
const LEAST_EFFECTS = 1;
const MOST_EFFECTS = 200;

/** Servers in this process, which are abandoned. */
export class AbandonedHost implements KillableHost {
  private readonly endMortality = makeDatabaseMortal();
  private readonly lives: Life[] = [];

  private constructor(private readonly environment: Environment & { readonly DATA_DIR: string }) {}

  /**
   * @param changed Time-outs that differ from the default ones.
   * @param settings Additional variables.
   */
  static async create(
    storage: StorageUnderTest,
    changed: Partial<Timings> = {},
    settings: Environment = {},
  ): Promise<AbandonedHost> {
    const environment = await newEnvironment({
      ...(await storage.environment()),
      ...settings,
      // An abandoned server releases what it still holds at once.
      SHUTDOWN_GRACE_SECONDS: '0',
      TIMINGS: timings({ stopCleanUp: 0, ...changed }),
    });
    return new AbandonedHost(environment);
  }

  async start(deathPoint?: DeathPoint): Promise<KillableServer | 'died'> {
    const life = new Life(deathPoint);
    this.lives.push(life);
    const relays: Relay[] = [];
    const relay = async (address: string): Promise<string> => {
      const to = await startRelay(new URL(address));
      life.onEnd(() => to.cut());
      relays.push(to);
      return `http://127.0.0.1:${to.port}`;
    };
    const { S3_ENDPOINT } = this.environment;
    const config = loadConfig({
      ...this.environment,
      // Clients reach the bucket directly, also when the server has been cut off from it.
      ...(S3_ENDPOINT !== undefined && { S3_PUBLIC_ENDPOINT: S3_ENDPOINT, S3_ENDPOINT: await relay(S3_ENDPOINT) }),
    });
    const app = await life.run(() =>
      createApp(config, { telemetry: life.telemetry(), storageDrivers: mortalDrivers(life) }),
    );
    const stop = async (): Promise<void> => {
      await life.settled();
      await life.run(() => app.stop());
      for (const one of relays) await one.settled();
      for (const one of relays) one.close();
    };
    try {
      const { url } = await life.run(() => app.start());
      return {
        url: `${await relay(url)}/graphql`,
        dieSometime: (random) => life.endAfter(random.between(LEAST_EFFECTS, MOST_EFFECTS)),
        kill: async () => {
          life.end();
          await stop();
        },
        stop,
      };
    } catch (error) {
      await stop();
      if (error instanceof AbandonedError) return 'died';
      throw error;
    }
  }

  hasDied(): boolean {
    return this.lives.at(-1)!.hasReachedDeathPoint;
  }

  asOperator<T>(work: (app: App, site: Site) => Promise<T>): Promise<T> {
    const life = new Life();
    this.lives.push(life);
    return life.run(() => withParts(this.environment, work));
  }

  async remove(): Promise<void> {
    this.endMortality();
    for (const life of this.lives) life.release();
    await removeData(this.environment);
  }
}
