import { type App, createApp } from './app.js';
import { mintToken } from './auth/mint-token.js';
import { Role } from './auth/viewer.js';
import { banner, type BannerFacts, mongodbHostOf, readyFields } from './banner.js';
import { knownFailure } from './cli/known-failure.js';
import { sampleThumbnail } from './cli/sample-thumbnail.js';
import { type Config, loadConfig } from './config.js';
import { authSecret, DataDir } from './data-dir.js';
import { Telemetry } from './telemetry.js';

/** One Ctrl-C can arrive twice, from the terminal and from npm. Only a signal later than this is a second one. */
const SAME_SIGNAL_MS = 500;
/** What stop() may take beyond the grace that it gives to running requests, in milliseconds. */
const STOP_MARGIN_MS = 15_000;
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const TRIAL_TOKEN_SECONDS = 24 * 3600;

/** Whatever LOG_LEVEL is, these lines are written: that the server is ready in production, and that it failed. */
const telemetry = new Telemetry({ level: 'info' });

try {
  process.exit(await run());
} catch (error) {
  const message = knownFailure(error);
  if (message === undefined) console.error(error);
  else process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The life of the server process. Resolves with its exit code once everything has stopped. */
async function run(): Promise<number> {
  const toldToStop = stopRequest();
  const config = loadConfig();
  const app = await createApp(config);
  const exitCode = await serve(app, config, toldToStop).catch(async (error: unknown) => {
    // What went wrong first is what there is to say.
    await stopInTime(app, config).catch((second: unknown) => telemetry.logger.error({ err: second }, 'stop failed'));
    throw error;
  });
  await stopInTime(app, config);
  return exitCode;
}

async function serve(app: App, config: Config, toldToStop: Promise<number>): Promise<number> {
  const started = app.start();
  // Told to stop before it is ready, nobody waits for how the start ends.
  started.catch(() => undefined);
  const ready = await Promise.race([started, toldToStop]);
  if (typeof ready === 'object') await sayReady(config, ready.url);
  return toldToStop;
}

/** Resolves with the exit code when the process is told to stop, or has to because of a defect. */
function stopRequest(): Promise<number> {
  return new Promise((resolve) => {
    let firstSignalAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        firstSignalAt ??= performance.now();
        if (performance.now() - firstSignalAt >= SAME_SIGNAL_MS) process.exit(SIGNAL_EXIT_CODES[signal]);
        resolve(0);
      });
    }
    let failed = false;
    // Also called for a rejection that nobody handles. After either, only stopping is safe.
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
  const { database, storage, s3 } = config;
  const facts: BannerFacts = {
    url: `${baseUrl}/graphql`,
    mongodbHost: database.mongodbUri === undefined ? null : mongodbHostOf(database.mongodbUri),
    dataDir: database.dataDir,
    storage: storage.useS3 ? { name: 's3', bucket: s3.bucket ?? '' } : { name: 'local', dir: storage.localDir },
  };
  if (config.production) telemetry.logger.info(readyFields(facts), 'Lectern is ready');
  else process.stdout.write(banner({ ...facts, ...(await trial(config)) }));
}

/** What a first upload takes, as far as there is any. */
async function trial(config: Config): Promise<Pick<BannerFacts, 'token' | 'thumbnailPath'>> {
  const thumbnailPath = sampleThumbnail();
  const token = await trialToken(config);
  return {
    ...(token === undefined ? {} : { token }),
    ...(thumbnailPath === undefined ? {} : { thumbnailPath }),
  };
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
