import { isAbsolute, join, relative, sep } from 'node:path';
import dotenv from 'dotenv';
import { readEnvFile } from './config/env-file.js';
import { ConfigError, type ConfigFault, ValueRefused } from './config/faults.js';
import { type Lookalike, lookalikes } from './config/lookalikes.js';
import { CONFIG_TABLE, type Settings } from './config/table.js';
import type { AnyVariable, Section } from './config/variable.js';

export { ConfigError, type ConfigFault } from './config/faults.js';
export { CONFIG_TABLE } from './config/table.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration, by section. A setting is absent when its variable is unset and has no default. All folders are
 * absolute. No URL ends with a slash.
 */
export interface Config extends Settings {
  /** Whether NODE_ENV is production. Then settings that are only for trying Lectern out are refused. */
  readonly production: boolean;
  readonly storage: Settings['storage'] & { readonly name: string; readonly localDir: string };
  readonly traffic: Settings['traffic'] & Readonly<typeof PRODUCTION_RATE_LIMITS>;
}

/** A contradiction between variables. The first one is the one to change. */
interface Conflict {
  readonly between: readonly string[];
  readonly problem: string;
  readonly remedy: string;
}

/** How many characters of a wrong value are shown. */
const MAX_SHOWN_CHARACTERS = 80;

/** LATE_SECONDS outside tests. */
const LATE_SECONDS = 60;

/** The default rate limits, in requests per minute. Outside production there are none. */
const PRODUCTION_RATE_LIMITS = { viewerRequestsPerMinute: 600, addressRequestsPerMinute: 300 };
const NO_RATE_LIMITS = { viewerRequestsPerMinute: 0, addressRequestsPerMinute: 0 };

/** The default host outside production, so that other machines on the network cannot connect. */
const DEVELOPMENT_HOST = 'localhost';

/**
 * Reads the configuration from an environment. The default is the environment of the process and the `.env` file in
 * its working directory; the process's variables take precedence. An empty value counts as unset.
 * @throws {ConfigError} with all faults.
 */
export function loadConfig(environment: Environment = processEnvironment()): Config {
  const faults: ConfigFault[] = [];
  const settings = readTable(environment, faults);
  const config = completed(settings);
  const faulty = new Set(faults.map((fault) => fault.variable));
  for (const { between, problem, remedy } of conflicts(config)) {
    // When one of the variables cannot be read, the conflict may not exist.
    if (between.some((name) => faulty.has(name))) continue;
    faults.push({ variable: between[0] ?? '', problem, remedy });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/**
 * Returns all secrets of an environment, so that they can be removed from messages: the values of secret variables,
 * and the passwords of those that are URLs, both %-encoded and decoded.
 */
export function secretsOf(environment: Environment = processEnvironment()): readonly string[] {
  const variables = Object.values<Section>(CONFIG_TABLE).flatMap((section) => Object.values(section));
  const values = variables.filter(({ secret }) => secret).map(({ name }) => environment[name] ?? '');
  const passwords = values.flatMap((value) => {
    const password = /^[a-z+]+:\/\/[^/]*?:(.+)@/i.exec(value)?.[1] ?? '';
    return [password, decoded(password)];
  });
  return [...values, ...passwords].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The only code that reads process.env. Adds the `.env` file to it, because the AWS SDK, Express and Apollo read it. */
function processEnvironment(): Environment {
  dotenv.populate(process.env, readEnvFile('.env'), { override: false });
  return process.env;
}

/**
 * Returns the variables of an environment that were probably meant as one of ours: `S3_BUCKET` for `S3_BUCKET_NAME`.
 * Nothing reads them, so the server warns about them.
 */
export function misnamedVariables(environment: Environment = processEnvironment()): readonly Lookalike[] {
  const known = Object.values<Section>(CONFIG_TABLE).flatMap((section) => Object.values(section));
  return lookalikes(
    environment,
    known.map(({ name }) => name),
  );
}

function readTable(environment: Environment, faults: ConfigFault[]): Settings {
  const settings: Record<string, Record<string, unknown>> = {};
  for (const [section, variables] of Object.entries(CONFIG_TABLE)) {
    const values: Record<string, unknown> = {};
    for (const [key, variable] of Object.entries<AnyVariable>(variables)) {
      const value = readVariable(variable, environment[variable.name], faults);
      if (value !== undefined) values[key] = value;
    }
    settings[section] = values;
  }
  // The loops build the mapped type, but TypeScript cannot infer it through Object.entries.
  return settings as unknown as Settings;
}

function readVariable(variable: AnyVariable, text: string | undefined, faults: ConfigFault[]): unknown {
  const fallback = (): unknown => (variable.default === undefined ? undefined : variable.parse(variable.default));
  if (text === undefined || text === '') return fallback();
  try {
    return variable.parse(text);
  } catch (error) {
    if (!(error instanceof ValueRefused)) throw error;
    const subject = variable.secret ? 'the value (secret, not shown)' : shown(text);
    faults.push({ variable: variable.name, problem: `${subject} ${error.message}`, remedy: error.remedy });
    return fallback();
  }
}

/** A wrong value for a message, without the part before an @, which may be a password in a URL. */
function shown(text: string): string {
  const harmless = text.replace(/^.*@/s, '***@');
  const short = harmless.length > MAX_SHOWN_CHARACTERS ? `${harmless.slice(0, MAX_SHOWN_CHARACTERS)}...` : harmless;
  return JSON.stringify(short);
}

/** The two names that USE_S3 chooses between. */
const LOCAL = 'local';
const S3 = 's3';

/** Adds the defaults that depend on other settings. */
function completed(settings: Settings): Config {
  const production = settings.server.environment === 'production';
  return {
    ...settings,
    production,
    server: production ? settings.server : { host: DEVELOPMENT_HOST, ...settings.server },
    storage: {
      name: settings.storage.useS3 === true ? S3 : LOCAL,
      localDir: join(settings.database.dataDir, 'files'),
      ...settings.storage,
    },
    traffic: { ...(production ? PRODUCTION_RATE_LIMITS : NO_RATE_LIMITS), ...settings.traffic },
  };
}

/** Yields the contradictions between values that are valid on their own. */
function* conflicts(config: Config): Generator<Conflict> {
  const { production, server, tests, database, storage, s3, uploads, auth, studio, slotMaxBytes } = config;
  if (production && auth.secret === undefined && auth.jwksUrl === undefined) {
    yield {
      between: ['AUTH_JWT_SECRET', 'AUTH_JWKS_URL', 'NODE_ENV'],
      problem: 'neither it nor AUTH_JWKS_URL is set, so nobody could sign in',
      remedy: 'Set a random secret of at least 32 bytes, or AUTH_JWKS_URL to the key set of your identity provider',
    };
  }
  if (production && server.publicUrl === undefined) {
    yield {
      between: ['PUBLIC_URL', 'NODE_ENV'],
      problem: 'is not set, so the URLs of this server would lead to localhost',
      remedy: 'Set it to the URL at which clients reach this server, such as https://media.example.org',
    };
  }
  if (production && database.mongodbUri === undefined && !database.allowEmbedded) {
    yield {
      between: ['MONGODB_URI', 'ALLOW_EMBEDDED_DATABASE', 'NODE_ENV'],
      problem: 'is not set, and in production the embedded database must be allowed explicitly',
      remedy: 'Set a MongoDB connection string, or ALLOW_EMBEDDED_DATABASE=true',
    };
  }
  if (production && storage.name === LOCAL && storage.urlSigningSecret === undefined && auth.secret === undefined) {
    yield {
      between: ['URL_SIGNING_SECRET', 'AUTH_JWT_SECRET', 'AUTH_JWKS_URL', 'USE_S3', 'STORAGE', 'NODE_ENV'],
      problem: 'neither it nor AUTH_JWT_SECRET is set, so the URLs of local files could not be signed',
      remedy: 'Set a random secret of at least 32 bytes, or store on S3 (USE_S3=true)',
    };
  }
  if (storage.useS3 !== undefined && storage.useS3 !== (storage.name === S3)) {
    yield {
      between: ['STORAGE', 'USE_S3'],
      problem: `is ${storage.name}, but USE_S3 is ${String(storage.useS3)}`,
      remedy: 'Remove one of the two: STORAGE alone says enough',
    };
  } else if (storage.name === S3 && s3.bucket === undefined) {
    const chosenBy = storage.useS3 === true ? 'USE_S3 is true' : 'STORAGE is s3';
    yield {
      between: ['S3_BUCKET_NAME', 'USE_S3', 'STORAGE'],
      problem: `is not set, and ${chosenBy}`,
      remedy: `Set the name of the bucket, or ${storage.useS3 === true ? 'USE_S3=false' : 'STORAGE=local'}`,
    };
  }
  yield* bothOrNeither(
    { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
    "Set both, or neither to use the AWS SDK's own search for credentials",
  );
  yield* bothOrNeither(
    { STUDIO_OIDC_ISSUER: studio.oidcIssuer, STUDIO_OIDC_CLIENT_ID: studio.oidcClientId },
    'Set both, or neither to sign in to the studio with pasted tokens',
  );
  if (s3.sessionToken !== undefined && s3.accessKeyId === undefined && s3.secretAccessKey === undefined) {
    yield {
      between: ['AWS_SESSION_TOKEN', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
      problem: 'is set, but belongs to no access key',
      remedy: 'Set all three of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or none',
    };
  }
  const { lateSeconds } = tests;
  const leastDeadline = 2 * lateSeconds + uploads.stallSeconds;
  if (uploads.pendingDeadlineSeconds <= leastDeadline) {
    yield {
      between: ['PENDING_DEADLINE_SECONDS', 'UPLOAD_STALL_SECONDS', 'LATE_SECONDS'],
      problem:
        `is not more than ${leastDeadline} (UPLOAD_STALL_SECONDS, ${uploads.stallSeconds}, and twice the ${lateSeconds} ` +
        'seconds that a request to a store may be on its way), so a slow upload could be swept',
      remedy: 'Set it to several times that',
    };
  }
  if (uploads.sessionSeconds <= 2 * lateSeconds) {
    yield {
      between: ['UPLOAD_SESSION_SECONDS', 'LATE_SECONDS'],
      problem:
        `is not more than ${2 * lateSeconds} (twice the ${lateSeconds} seconds that a request to a store may be on its ` +
        'way), so an upload could expire before it has started',
      remedy: 'Set it to hours',
    };
  }
  for (const [slot, maxBytes] of Object.entries(slotMaxBytes)) {
    if (maxBytes <= uploads.sessionBytesPerViewer) continue;
    yield {
      between: [`${slot}_MAX_BYTES`, 'UPLOAD_SESSION_BYTES_PER_VIEWER'],
      problem: `is more than the ${uploads.sessionBytesPerViewer} bytes that the direct uploads of a viewer may have`,
      remedy: `Raise UPLOAD_SESSION_BYTES_PER_VIEWER to at least ${maxBytes}, or set a smaller limit`,
    };
  }
  if (server.environment !== 'test') {
    const set = [
      { variable: 'FAIL_POINT', isSet: tests.failPoint !== undefined, effect: 'makes the process fail on purpose' },
      { variable: 'LATE_SECONDS', isSet: lateSeconds !== LATE_SECONDS, effect: 'is only safe in tests' },
    ].filter(({ isSet }) => isSet);
    for (const { variable, effect } of set) {
      yield {
        between: [variable, 'NODE_ENV'],
        problem: `${effect}, and NODE_ENV is not test`,
        remedy: 'Remove it',
      };
    }
  }
  if (tests.timings !== undefined && server.environment !== 'test') {
    yield {
      between: ['TIMINGS', 'NODE_ENV'],
      problem: 'changes the time-outs of the server, and NODE_ENV is not test',
      remedy: 'Remove it',
    };
  }
  const ownFolders = ['database', 'secrets', 'run'].map((name) => join(database.dataDir, name));
  if (contains(storage.localDir, database.dataDir) || ownFolders.some((own) => contains(own, storage.localDir))) {
    yield {
      between: ['LOCAL_STORAGE_DIR', 'DATA_DIR'],
      problem: `${JSON.stringify(storage.localDir)} would mix stored files with other data in DATA_DIR`,
      remedy: 'Set a separate folder, such as {DATA_DIR}/files',
    };
  }
}

/** Two variables that only make sense together. */
function* bothOrNeither(values: Readonly<Record<string, unknown>>, remedy: string): Generator<Conflict> {
  const names = Object.keys(values);
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length !== 1) return;
  const present = names.filter((name) => !missing.includes(name));
  yield { between: [...missing, ...present], problem: `is not set, although ${present.join()} is`, remedy };
}

/** Whether `inner` is `outer` or lies inside it. */
function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path));
}
