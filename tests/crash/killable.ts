import { createApp, type App } from '../../src/app.js';
import { loadConfig, type Environment } from '../../src/config.js';
import type { TestApp } from '../support/app.js';
import type { DeathPoint } from './life.js';
import type { Random } from './random.js';

/** A server that runs and can be killed at any moment. */
export interface KillableServer {
  /** The GraphQL endpoint. */
  readonly url: string;
  /** Ends the server at a random moment of its further work. */
  dieSometime(random: Random): void;
  /** Ends the server now, unless it is dead. Resolves when it can no longer do anything. */
  kill(): Promise<void>;
  /** Lets the server stop as it does after SIGTERM. */
  stop(): Promise<void>;
}

/** Where a server keeps its files, and its configuration. */
export type Site = Pick<TestApp, 'filesDir' | 'environment'>;

/** Runs servers on the same data, one at a time. Each host decides how they die. */
export interface KillableHost {
  /** Starts a server that dies when it reaches this point, possibly during its start; without a point it keeps running. */
  start(deathPoint?: DeathPoint): Promise<KillableServer | 'died'>;
  /** Whether the last server has died. For servers in this process: at its point. */
  hasDied(): boolean;
  /** Works with the parts of a server in this process, while no server runs. */
  asOperator<T>(work: (app: App, site: Site) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

/** Works with the parts of an app in this process, and stops it. */
export async function withParts<T>(environment: Environment, work: (app: App, site: Site) => Promise<T>): Promise<T> {
  const config = loadConfig(environment);
  const app = await createApp(config);
  try {
    return await work(app, { filesDir: config.storage.localDir, environment });
  } finally {
    await app.stop();
  }
}
