import { randomBytes } from 'node:crypto';
import { type Config, ConfigError, misnamedVariables } from '../config.js';
import { DataDir } from '../data-dir/data-dir.js';
import { urlSigningSecret } from '../data-dir/secrets.js';
import type { Database } from '../database/connect.js';
import { diagnoseDatabase } from '../database/diagnose-database.js';
import { examine, ok, problem, warning, type Diagnosis, type Outcome } from '../diagnosis.js';
import { diagnosePictures } from '../media/content/diagnose-pictures.js';
import type { Storages } from '../storage/create-storage.js';
import { FileTokens } from '../storage/file-token.js';
import { judgeMemory, memoryLimit } from './memory-limit.js';
import { openDatabase } from './open-database.js';
import { storagesOf } from './options.js';
import { examinePublicUrl } from './public-url.js';

const CONFIGURATION = 'configuration';
const SECRET_BYTES = 32;
const DATABASE_REMEDY = 'Is it running, and is MONGODB_URI right? Without MONGODB_URI: look at DATA_DIR.';

/**
 * Checks everything that a server with this configuration needs. A check is left out when one that it depends on fails.
 * Does not use `createApp`, which throws at the first problem.
 */
export async function* examineInstallation(load: () => Config): AsyncGenerator<Diagnosis> {
  let config: Config;
  try {
    config = load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* configurationFaults(error);
    return;
  }
  yield { check: CONFIGURATION, ...judged(config) };
  for (const { variable, meant } of misnamedVariables()) {
    yield {
      check: CONFIGURATION,
      ...warning(`${variable} is set, but it is not a setting of Lectern.`, `Set ${meant}.`),
    };
  }

  let dataDir: DataDir | undefined;
  let secret: string | undefined;
  yield await examine('data folder', 'Set DATA_DIR to a folder that this user may write to.', async () => {
    dataDir = await DataDir.open(config.database.dataDir);
    await dataDir.assertWritable();
    secret = await urlSigningSecret(config, dataDir);
    return ok(`${dataDir.path} can be used.`);
  });
  const memory = { uploadsAtOnce: config.uploads.atOnce, storage: config.storage.name };
  yield { check: 'memory', ...judgeMemory(memoryLimit(), memory) };
  yield await diagnosePictures();
  if (dataDir !== undefined) yield* examineDatabase(config, dataDir);
  if (config.production) yield* examinePublicUrl(config, config.auth.secret);
  const tokens = new FileTokens(secret ?? randomBytes(SECRET_BYTES));
  const publicUrl = (): string => config.server.publicUrl ?? `http://localhost:${config.server.port}`;
  let storages: Storages;
  try {
    storages = await storagesOf(config, { tokens, publicUrl });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* configurationFaults(error);
    return;
  }
  try {
    const { corsOrigins } = config.traffic;
    const origin = corsOrigins === '*' ? undefined : corsOrigins?.[0];
    for (const storage of storages.all()) yield* storage.diagnose(origin === undefined ? {} : { origin });
  } finally {
    await storages.close();
  }
}

function* configurationFaults({ faults }: ConfigError): Generator<Diagnosis> {
  for (const { variable, problem: fault, remedy } of faults) {
    yield { check: CONFIGURATION, ...problem(`${variable}: ${fault}.`, `${remedy}.`) };
  }
}

async function* examineDatabase(config: Config, dataDir: DataDir): AsyncGenerator<Diagnosis> {
  let database: Database | undefined;
  const connection = await examine('database connection', DATABASE_REMEDY, async () => {
    database = await openDatabase(config, dataDir, { besideServer: true });
    return ok('Connected.');
  });
  yield connection;
  if (database === undefined) return;
  try {
    yield* diagnoseDatabase({ production: config.production });
  } finally {
    await database.close();
  }
}

/** Warns of values that are valid, but usually a mistake. */
function judged({ production, auth, studio }: Config): Outcome {
  if (production && auth.jwksUrl !== undefined && auth.issuer === undefined) {
    return warning('AUTH_ISSUER is not set, so tokens of any issuer with a key in AUTH_JWKS_URL are valid.', 'Set it.');
  }
  if (studio.oidcIssuer !== undefined && auth.jwksUrl === undefined) {
    return warning(
      'STUDIO_OIDC_ISSUER is set and AUTH_JWKS_URL is not, so tokens that the provider signs with a key pair are refused.',
      'Set AUTH_JWKS_URL to the key set of the provider (jwks_uri in its .well-known/openid-configuration).',
    );
  }
  return ok('Every variable has a valid value.');
}
