import { type App, createApp } from './app.js';
import { mintToken } from './auth/mint-token.js';
import { Role } from './auth/viewer.js';
import { banner, type BannerFacts, mongodbHostOf, readyFields } from './banner.js';
import { type Config, loadConfig, misnamedVariables } from './config.js';
import { DataDir } from './data-dir/data-dir.js';
import { authSecret } from './data-dir/secrets.js';
import { printFailure } from './known-failure.js';
import { samplePath } from './samples.js';
import { StopSignals } from './stop-signals.js';
import { Telemetry } from './telemetry.js';

/** How long stop() may take after the grace that running requests get, in milliseconds. */
const STOP_MARGIN_MS = 15_000;
const TRIAL_TOKEN_SECONDS = 24 * 3600;

/** Writes, whatever LOG_LEVEL is: that a production server is ready, and that the process failed. */
const telemetry = new Telemetry({ level: 'info' });

try {
  process.exit(await run());
} catch (error) {
  printFailure(error);
  process.exit(1);
}

/** The life of the server process. Resolves with its exit code once everything has stopped. */
async function run(): Promise<number> {
  const toldToStop = stopRequest();
  const config = loadConfig();
  for (const { variable, meant } of misnamedVariables()) {
    telemetry.logger.warn({ variable, meant }, `${variable} is set, and Lectern does not know it: set ${meant}`);
  }
  const app = await createApp(config);
  const exitCode = await serve(app, config, toldToStop).catch(async (error: unknown) => {
    // The first failure is thrown: it explains the second one, which is only logged.
    await stopInTime(app, config).catch((second: unknown) => telemetry.logger.error({ err: second }, 'stop failed'));
    throw error;
  });
  await stopInTime(app, config);
  return exitCode;
}

async function serve(app: App, config: Config, toldToStop: Promise<number>): Promise<number> {
  const started = app.start();
  // A stop that is asked for during the start does not wait for the start: its failure has no other handler.
  started.catch(() => undefined);
  const ready = await Promise.race([started, toldToStop]);
  if (typeof ready === 'object') await sayReady(config, ready.url);
  return toldToStop;
}

/** Resolves with the exit code when the process is asked to stop, or has to stop because of a defect. */
function stopRequest(): Promise<number> {
  return new Promise((resolve) => {
    new StopSignals().signal.addEventListener('abort', () => resolve(0));
    let failed = false;
    // Also called for a rejection that nobody handles. After either, the state of the process is unknown: only stopping is safe.
    process.on('uncaughtException', (error, origin) => {
      telemetry.logger.fatal({ err: error, origin }, 'Lectern stops because of a defect');
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

/** Where new files go, for the person at the terminal. */
function placeOfFiles({ storage, s3 }: Config): string {
  if (storage.name === 's3') return `S3, bucket ${s3.bucket ?? ''}`;
  return storage.name === 'local' ? `local disk, in ${storage.localDir}` : storage.name;
}

/** What the example upload of the banner needs. Empty when this server cannot make tokens. */
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
