import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { inject } from 'vitest';
import { createApp, type App, type AppOptions } from '../../src/app.js';
import { mintToken } from '../../src/auth/mint-token.js';
import type { Role } from '../../src/auth/viewer.js';
import { loadConfig, type Environment } from '../../src/config.js';
import { productionAddress } from './free-port.js';
import { preventSweeps } from './sweeps.js';
import { timings } from './timings.js';

/** The secret with which the tests' servers verify tokens. */
export const TEST_SECRET = 'a secret for tests alone, longer than 32 bytes';

export interface TestApp {
  /** The GraphQL endpoint. */
  readonly url: string;
  /** The URL of the server without a path, like PUBLIC_URL. */
  readonly origin: string;
  /** The parts of the app, for what clients cannot see: counters, the journal, the storages. */
  readonly app: App;
  /** The folder of local files. */
  readonly filesDir: string;
  /** The environment of the server. Start another server with it to use the same data. */
  readonly environment: Environment;
  /** Stops the server. Its data remain until `remove`. */
  stop(): Promise<void>;
  /** Stops the server and removes its data. */
  remove(): Promise<void>;
}

/** Only for servers with NODE_ENV=test: the next sweep may remove the rows of discarded uploads. */
const OF_TESTS_ALONE: Environment = { LATE_SECONDS: '0' };

/** How long a URL of a file lives, in seconds. It changes after half of that: with a week, it is the same during a test. */
export const URL_LIFETIME = 604_800;
const LONG_URLS: Environment = {
  VIDEO_URL_TTL_SECONDS: String(URL_LIFETIME),
  IMAGE_URL_TTL_SECONDS: String(URL_LIFETIME),
};

/** Returns a token that the tests' servers accept. */
export function tokenFor(sub: string, role: Role, expiresInSeconds = 7_200): Promise<string> {
  return mintToken({ secret: TEST_SECRET, sub, role, roleClaim: 'role', expiresInSeconds });
}

/** The variables for a bucket on the S3 server of this run. Null when there is no S3 server. */
export function s3Environment(bucket: string): Environment | null {
  const s3 = inject('s3');
  return (
    s3 && {
      USE_S3: 'true',
      S3_BUCKET_NAME: bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    }
  );
}

/** Returns the environment of a new server with its own data, on the database of this run. */
export async function newEnvironment(
  overrides: Environment = {},
): Promise<Environment & { readonly DATA_DIR: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lectern-test-'));
  return {
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'silent',
    AUTH_JWT_SECRET: TEST_SECRET,
    ...databaseEnvironment(),
    ...(isTest(overrides) ? OF_TESTS_ALONE : {}),
    ...LONG_URLS,
    ...overrides,
    DATA_DIR: dataDir,
  };
}

/** Whether a server with these overrides has NODE_ENV=test, which is the default. */
function isTest({ NODE_ENV = 'test' }: Environment): boolean {
  return NODE_ENV === 'test';
}

/** Returns the variables for a new database on the server of this run. Empty for the embedded database. */
function databaseEnvironment(): Environment {
  const uri = inject('mongodbUri');
  if (uri === null) return {};
  const own = new URL(uri);
  own.pathname = `/lectern-${randomUUID().slice(0, 18)}`;
  return { MONGODB_URI: own.href };
}

/** Removes the data of servers with this environment: their folder and, on a MongoDB server, their database. */
export async function removeData({ DATA_DIR, MONGODB_URI }: Environment): Promise<void> {
  if (DATA_DIR !== undefined) await rm(DATA_DIR, { recursive: true, force: true });
  if (MONGODB_URI === undefined || inject('mongodbUri') === null) return;
  const client = new mongo.MongoClient(MONGODB_URI);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

export interface TestAppOptions extends AppOptions {
  /**
   * Whether the server sweeps by itself, first at its start. By default it does not: a test knows what a sweep finds, and
   * calls `app.sweeper.sweep()`.
   */
  readonly sweepsByItself?: boolean;
}

/**
 * Starts a server in this process. Only one at a time, because models are bound to one database. Pass the environment of
 * an earlier server to use its data.
 */
export async function startApp(
  overrides: Environment = {},
  environment?: Environment,
  { sweepsByItself = false, ...options }: TestAppOptions = {},
): Promise<TestApp> {
  const given = { ...(environment ?? (await newEnvironment(overrides))), ...overrides };
  const needsAddress = given['NODE_ENV'] === 'production' && given['PUBLIC_URL'] === undefined;
  const wanted: Environment = { ...given, ...(needsAddress ? await productionAddress() : {}) };
  const env: Environment = wanted['NODE_ENV'] === 'test' ? { TIMINGS: timings(), ...wanted } : wanted;
  const config = loadConfig(env);
  const app = await createApp(config, options);
  if (!sweepsByItself) await preventSweeps();
  const { url: origin } = await app.start();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= app.stop());
  return {
    url: `${origin}/graphql`,
    origin,
    app,
    filesDir: config.storage.localDir,
    environment: env,
    stop,
    remove: async () => {
      await stop();
      await rm(config.database.dataDir, { recursive: true, force: true });
    },
  };
}
