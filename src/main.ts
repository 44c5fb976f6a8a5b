import type { App } from './app.js';
import { startEmbedded } from './app/start-embedded.js';
import { mintToken } from './auth/mint-token.js';
import { Role } from './auth/viewer.js';
import { banner, type BannerFacts, mongodbHostOf, readyFields } from './banner.js';
import { type Config, loadConfig, misnamedVariables } from './config.js';
import { DataDir } from './data-dir/data-dir.js';
import { authSecret } from './data-dir/secrets.js';
import type { EmbeddedDatabase } from './database/embedded/index.js';
import { printFailure } from './known-failure.js';
import { samplePath } from './samples.js';
import { StopSignals } from './stop-signals.js';
import { Telemetry } from './telemetry.js';

/** How long stop() may take after the time for running requests is over, in milliseconds. */
const STOP_MARGIN_MS = 15_000;
const TRIAL_TOKEN_SECONDS = 24 * 3600;

/** Logs at level `info` whatever LOG_LEVEL is: that a production server is ready, and why the process failed. */
const telemetry = new Telemetry({ level: 'info' });

try {
  process.exit(await run());
} catch (error) {
  printFailure(error);
  process.exit(1);
}

/** Runs the server until it is asked to stop. Resolves with the exit code of the process when everything has stopped. */
async function run(): Promise<number> {
  const toldToStop = stopRequest();
  const config = loadConfig();
  for (const { variable, meant } of misnamedVariables()) {
    telemetry.logger.warn({ variable, meant }, `${variable} is set, but it is not a setting of Lectern: set ${meant}`);
  }
  const app = await loadApp(config);
  const exitCode = await serve(app, config, toldToStop).catch(async (error: unknown) => {
    // The first error is thrown. A second one is only logged, because it is usually a consequence of the first.
    await stopInTime(app, config).catch((second: unknown) => telemetry.logger.error({ err: second }, 'stop failed'));
    throw error;
  });
  await stopInTime(app, config);
  return exitCode;
}

/** Loads the parts of the server and creates the app. The embedded database opens its files meanwhile, in its own thread. */
async function loadApp(config: Config): Promise<App> {
  const embedded = config.database.mongodbUri === undefined ? openEmbedded(config) : undefined;
  // Its error is that of createApp, which waits for it.
  embedded?.catch(() => undefined);
  const { createApp } = await import('./app.js');
  return createApp(config, { embedded }).catch(async (error: unknown) => {
    await embedded?.then(
      (database) => database.close(),
      () => undefined,
    );
    throw error;
  });
}

async function openEmbedded({ database }: Config): Promise<EmbeddedDatabase> {
  return startEmbedded(await DataDir.open(database.dataDir));
}

async function serve(app: App, config: Config, toldToStop: Promise<number>): Promise<number> {
  const started = app.start();
  // A stop during the start does not wait for the start, so this is the only handler of an error of the start.
  started.catch(() => undefined);
  const ready = await Promise.race([started, toldToStop]);
  if (typeof ready === 'object') await sayReady(config, ready.url);
  return toldToStop;
}

/** Resolves with the exit code when the process is asked to stop, or must stop because of an uncaught error. */
function stopRequest(): Promise<number> {
  return new Promise((resolve) => {
    new StopSignals().signal.addEventListener('abort', () => resolve(0));
    let failed = false;
    // Also called for unhandled rejections. In both cases the state of the process is unknown, and only stopping is safe.
    process.on('uncaughtException', (error, origin) => {
      telemetry.logger.fatal({ err: error, origin }, 'Lectern stops because of an unexpected error');
      if (failed) process.exit(1);
      failed = true;
      resolve(1);
    });
  });
}

async function stopInTime(app: App, config: Config): Promise<void> {
  const allowedMs = config.server.shutdownGraceSeconds * 1000 + STOP_MARGIN_MS;
  const overdue = setTimeout(() => {
    process.stderr.write(`Lectern did not stop within ${allowedMs / 1000} seconds and was ended.\n`);
    process.exit(1);
  }, allowedMs);
  await app.stop();
  clearTimeout(overdue);
}

async function sayReady(config: Config, baseUrl: string): Promise<void> {
  const { database, storage } = config;
  const facts: BannerFacts = {
    url: `${baseUrl}/graphql`,
    mongodbHost: database.mongodbUri === undefined ? null : mongodbHostOf(database.mongodbUri),
    dataDir: database.dataDir,
    storage: { name: storage.name, place: placeOfFiles(config) },
  };
  if (config.production) telemetry.logger.info(readyFields(facts), 'Lectern is ready');
  else process.stdout.write(banner({ ...facts, ...(await trial(config)) }));
}

/** Describes the storage of new files, for the banner. */
function placeOfFiles({ storage, s3 }: Config): string {
  if (storage.name === 's3') return `S3, bucket ${s3.bucket ?? ''}`;
  return storage.name === 'local' ? `local disk, in ${storage.localDir}` : storage.name;
}

/** The token and the file for the example in the banner. Empty when this server cannot sign tokens. */
async function trial(config: Config): Promise<Pick<BannerFacts, 'trial'>> {
  const token = await trialToken(config);
  return token === undefined ? {} : { trial: { token, thumbnailPath: samplePath('thumbnail.jpg') } };
}

async function trialToken(config: Config): Promise<string | undefined> {
  const secret = await authSecret(config, await DataDir.open(config.database.dataDir));
  if (secret === undefined) return undefined;
  const { roleClaim, issuer, audience } = config.auth;
  return mintToken({
    secret,
    sub: 'instructor-1',
    role: Role.INSTRUCTOR,
    roleClaim,
    issuer,
    audience,
    expiresInSeconds: TRIAL_TOKEN_SECONDS,
  });
}
