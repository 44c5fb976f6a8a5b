import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  CONFIG_TABLE,
  ConfigError,
  type Environment,
  loadConfig,
  misnamedVariables,
  secretsOf,
} from '../../src/config.js';

const SECRET = 'correct-horse-battery-staple-0123456789';
const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://media.example.org',
  AUTH_JWT_SECRET: SECRET,
  MONGODB_URI: 'mongodb://db.example.org/lectern',
};

function refusal(environment: Environment): ConfigError {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('the default configuration', () => {
  it('is a development server with the embedded database and the local disk', () => {
    expect(loadConfig({})).toEqual({
      production: false,
      server: {
        environment: 'development',
        port: 4000,
        host: 'localhost',
        maxJsonBodyBytes: 1024 ** 2,
        jsonBodySeconds: 30,
        requestHeadSeconds: 60,
        keepAliveSeconds: 65,
        hstsIncludeSubDomains: false,
        downloadStallSeconds: 60,
        shutdownGraceSeconds: 30,
        logLevel: 'info',
      },
      database: { dataDir: resolve('data'), allowEmbedded: false },
      storage: { name: 'local', localDir: resolve('data/files') },
      s3: { region: 'us-east-1', forcePathStyle: false },
      slotMaxBytes: {
        VIDEO_FILE: 5 * 1024 ** 3,
        VIDEO_THUMBNAIL: 10 * 1024 ** 2,
        COURSE_THUMBNAIL: 10 * 1024 ** 2,
        COURSE_INTRO_VIDEO: 1024 ** 3,
        IMAGE: 10 * 1024 ** 2,
        VIDEO_CAPTION: 1024 ** 2,
        VIDEO_RESOURCE: 100 * 1024 ** 2,
      },
      limits: {
        imageMaxPixels: 100_000_000,
        videoUrlTtlSeconds: 900,
        imageUrlTtlSeconds: 3600,
      },
      uploads: {
        maxFiles: 10,
        stallSeconds: 30,
        totalSeconds: 86_400,
        atOnce: 64,
        partsAtOnce: 256,
        sessionsPerViewer: 20,
        sessionBytesPerViewer: 214748364800,
        sessionSeconds: 86400,
        pendingDeadlineSeconds: 900,
        replacedMediaGraceSeconds: 0,
        sweepIntervalSeconds: 300,
      },
      queries: {
        maxCost: 200_000,
        maxTokens: 5_000,
        maxDepth: 20,
        maxAliases: 50,
        maxDirectives: 50,
        maxDuplicates: 5,
      },
      traffic: { viewerRequestsPerMinute: 0, addressRequestsPerMinute: 0 },
      auth: { roleClaim: 'role' },
      studio: { oidcScope: 'openid profile' },
      tests: { lateSeconds: 60 },
    });
  });

  it('also applies to empty values', () => {
    const names = Object.values(CONFIG_TABLE).flatMap((section) => Object.values(section).map(({ name }) => name));
    expect(loadConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(loadConfig({}));
  });

  it('listens on all interfaces in production', () => {
    expect(loadConfig(PRODUCTION).server).not.toHaveProperty('host');
    expect(loadConfig({ ...PRODUCTION, HOST: '127.0.0.1' }).server.host).toBe('127.0.0.1');
  });

  it('limits requests in production only, unless the limits are set', () => {
    const limits = (environment: Environment): unknown => loadConfig(environment).traffic;
    expect(limits(PRODUCTION)).toEqual({ viewerRequestsPerMinute: 600, addressRequestsPerMinute: 300 });
    expect(limits({ NODE_ENV: 'test' })).toEqual({ viewerRequestsPerMinute: 0, addressRequestsPerMinute: 0 });
    const said = { RATE_LIMIT_VIEWER_PER_MINUTE: '0', RATE_LIMIT_ADDRESS_PER_MINUTE: '7' };
    const expected = { viewerRequestsPerMinute: 0, addressRequestsPerMinute: 7 };
    expect([limits(said), limits({ ...PRODUCTION, ...said })]).toEqual([expected, expected]);
  });

  it('puts the files under DATA_DIR', () => {
    expect(loadConfig({ DATA_DIR: '/srv/lectern' }).storage.localDir).toBe('/srv/lectern/files');
    expect(loadConfig({ DATA_DIR: '/srv/lectern', LOCAL_STORAGE_DIR: 'media' }).storage.localDir).toBe(
      resolve('media'),
    );
  });
});

describe('accepted values', () => {
  it('STUDIO_OIDC_PARAMETERS is read like the query of a URL', () => {
    const text = 'audience=https%3A%2F%2Fmedia.example.org&prompt=login';
    const { studio } = loadConfig({ STUDIO_OIDC_PARAMETERS: text });
    expect(studio.oidcParameters).toEqual({ audience: 'https://media.example.org', prompt: 'login' });
  });

  it.each([
    ['TRUE', true],
    ['1', true],
    ['False', false],
    ['0', false],
  ])('USE_S3=%s means %s', (text, expected) => {
    expect(loadConfig({ USE_S3: text, S3_BUCKET_NAME: 'media' }).storage.useS3).toBe(expected);
  });

  it.each([
    ['https://media.example.org', 'https://media.example.org'],
    ['https://example.org/lectern/', 'https://example.org/lectern'],
    ['http://localhost:80/', 'http://localhost'],
    ['HTTP://[::1]:4000//', 'http://[::1]:4000'],
  ])('PUBLIC_URL=%s becomes %s', (text, expected) => {
    expect(loadConfig({ PUBLIC_URL: text }).server.publicUrl).toBe(expected);
  });

  it.each([
    'mongodb://localhost',
    'mongodb://user:p%40ss@a.example.org:27017,b.example.org/lectern?replicaSet=rs0',
    'mongodb+srv://user:pass@cluster.example.org/?retryWrites=true',
    'mongodb://%2Ftmp%2Fmongodb.sock/lectern',
    'mongodb://app:Sec%2Fret9@127.0.0.1:27017/lectern',
    'mongodb://app:%2F%3F%23%3A%25%40%5B%5D@db/lectern',
    'mongodb://[::1]:27017/lectern?w=majority&readPreference=primary',
  ])('MONGODB_URI=%s is accepted', (uri) => {
    expect(loadConfig({ MONGODB_URI: uri }).database.mongodbUri).toBe(uri);
  });

  it.each<[string, number | string[]]>([
    ['0', 0],
    ['2', 2],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['loopback, 192.0.2.7,2001:db8::/32', ['loopback', '192.0.2.7', '2001:db8::/32']],
  ])('TRUST_PROXY=%s is accepted', (text, expected) => {
    expect(loadConfig({ TRUST_PROXY: text }).traffic.trustProxy).toEqual(expected);
  });

  it.each<[string, '*' | string[]]>([
    ['*', '*'],
    ['https://app.example.org', ['https://app.example.org']],
    ['https://app.example.org, http://localhost:5173', ['https://app.example.org', 'http://localhost:5173']],
  ])('CORS_ORIGINS=%s is accepted', (text, expected) => {
    expect(loadConfig({ CORS_ORIGINS: text }).traffic.corsOrigins).toEqual(expected);
  });

  it('PORT=0 means any free port', () => {
    expect(loadConfig({ PORT: '0' }).server.port).toBe(0);
  });

  it.each<[object, string]>([
    [{}, 'local'],
    [{ USE_S3: 'false' }, 'local'],
    [{ USE_S3: 'true' }, 's3'],
    [{ STORAGE: 's3' }, 's3'],
    [{ STORAGE: 's3', USE_S3: 'true' }, 's3'],
    [{ STORAGE: 'local', USE_S3: 'false' }, 'local'],
    [{ STORAGE: 'tape' }, 'tape'],
    [{ STORAGE: 'tape', USE_S3: 'false' }, 'tape'],
  ])('with %j new files are stored in %s', (environment, expected) => {
    expect(loadConfig({ S3_BUCKET_NAME: 'media', ...environment }).storage.name).toBe(expected);
  });

  it.each([
    ['s3', 'false'],
    ['local', 'true'],
    ['tape', 'true'],
  ])('STORAGE=%s is refused with USE_S3=%s', (name, useS3) => {
    const error = refusal({ STORAGE: name, USE_S3: useS3 });
    expect(error.faults).toEqual([
      {
        variable: 'STORAGE',
        problem: `is ${name}, but USE_S3 is ${useS3}`,
        remedy: 'Remove one of the two: STORAGE alone says enough',
      },
    ]);
  });

  it('keep S3 configured while new files are stored on the local disk', () => {
    const { storage, s3 } = loadConfig({ S3_BUCKET_NAME: 'media.example.org', S3_ENDPOINT: 'http://minio:9000/' });
    expect(storage.name).toBe('local');
    expect(s3).toMatchObject({ bucket: 'media.example.org', endpoint: 'http://minio:9000' });
  });

  it('keep the query of AUTH_JWKS_URL', () => {
    const url = 'https://id.example.org/keys?tenant=1';
    expect(loadConfig({ AUTH_JWKS_URL: url }).auth.jwksUrl).toBe(url);
  });
});

describe('a wrong value is refused with its variable, the problem and the remedy', () => {
  it.each([
    ['PORT', 'abc', '"abc" is not a whole number', 'from 0 to 65535'],
    ['PORT', '65536', '"65536" is too large', 'from 0 to 65535'],
    ['PORT', '-1', 'is not a whole number', 'plain digits'],
    ['HOST', 'http://localhost', 'neither a host name nor an IP address', 'without scheme'],
    ['HOST', 'localhost:4000', 'neither a host name nor an IP address', 'port'],
    ['HOST', '[::1]', 'neither a host name nor an IP address', 'brackets'],
    ['NODE_ENV', 'staging', '"staging" is not known here', 'development, test, production'],
    ['PUBLIC_URL', 'media.example.org', 'does not begin with http:// or https://', 'scheme included'],
    ['PUBLIC_URL', 'ftp://media.example.org', 'does not begin with http:// or https://', 'scheme included'],
    ['PUBLIC_URL', 'https://example.org/?a=1', 'holds a query or a fragment', 'before ? or #'],
    ['PUBLIC_URL', 'https://example.org/#', 'holds a query or a fragment', 'before ? or #'],
    ['PUBLIC_URL', 'https://', 'is not a URL', 'https://media.example.org'],
    ['DATA_DIR', '~/lectern', 'begins with ~', 'the whole path'],
    ['MONGODB_URI', 'postgres://localhost/lectern', 'does not begin with mongodb://', 'connection string'],
    ['MONGODB_URI', 'mongodb://', 'names no host', 'mongodb://localhost'],
    ['MONGODB_URI', 'mongodb://db /lectern', 'holds white space', 'mongodb://localhost'],
    ['MONGODB_URI', 'mongodb://db/lectern?readPreference=secondaryPreferred', 'readPreference', 'Take readPreference'],
    ['MONGODB_URI', 'mongodb://db/lectern?READPREFERENCE=nearest', 'readPreference', 'Take readPreference'],
    ['MONGODB_URI', 'mongodb://db/lectern?w=0', 'write concern (w) other than majority', 'w=majority'],
    ['MONGODB_URI', 'mongodb://db/lectern?retryWrites=true&w=1', 'write concern (w)', 'w=majority'],
    ['USE_S3', 'yes', '"yes" is neither true nor false', 'true or false'],
    ['S3_BUCKET_NAME', 's3://media', 'is not a valid bucket name', 'no s3://'],
    ['S3_BUCKET_NAME', 'My_Bucket', 'is not a valid bucket name', 'lower-case'],
    ['S3_BUCKET_NAME', '192.168.0.1', 'is not a valid bucket name', 'lower-case'],
    ['S3_ENDPOINT', 'minio:9000', 'does not begin with http:// or https://', 'scheme included'],
    ['S3_PUBLIC_ENDPOINT', 's3://minio', 'does not begin with http:// or https://', 'scheme included'],
    ['AWS_REGION', 'eu central', 'is not a region name', 'eu-central-1'],
    ['VIDEO_FILE_MAX_BYTES', '5GB', '"5GB" is not a whole number', 'plain digits'],
    ['IMAGE_MAX_BYTES', '0', 'is too small', 'from 1'],
    ['VIDEO_FILE_MAX_BYTES', '99999999999999999999', 'is too large', 'number of bytes'],
    ['VIDEO_URL_TTL_SECONDS', '0', 'is too small', 'from 1 to 604800'],
    ['IMAGE_URL_TTL_SECONDS', '604801', 'is too large', 'from 1 to 604800'],
    ['UPLOAD_MAX_FILES', '1.5', 'is not a whole number', 'number of files'],
    ['AUTH_JWT_SECRET', 'too short', 'shorter than 32 bytes', 'openssl rand'],
    ['URL_SIGNING_SECRET', 'x'.repeat(31), 'shorter than 32 bytes', 'openssl rand'],
    ['AUTH_JWKS_URL', 'id.example.org/keys', 'does not begin with http:// or https://', 'scheme included'],
    ['RATE_LIMIT_VIEWER_PER_MINUTE', '-1', 'is not a whole number', 'from 0 to 1000000'],
    ['RATE_LIMIT_ADDRESS_PER_MINUTE', '1e3', 'is not a whole number', 'plain digits'],
    ['TRUST_PROXY', 'true', 'neither a number of proxies nor a list of addresses', 'loopback'],
    ['TRUST_PROXY', '33', 'neither a number of proxies nor a list of addresses', 'from 0 to 32'],
    ['TRUST_PROXY', '0.0.0.0/0', 'neither a number of proxies nor a list of addresses', '10.0.0.0/8'],
    ['TRUST_PROXY', '10.0.0.0/33', 'neither a number of proxies nor a list of addresses', '10.0.0.0/8'],
    ['TRUST_PROXY', 'proxy.example.org', 'neither a number of proxies nor a list of addresses', '10.0.0.0/8'],
    ['TRUST_PROXY', '10.0.0.1,', 'neither a number of proxies nor a list of addresses', '10.0.0.0/8'],
    ['CORS_ORIGINS', 'app.example.org', 'is not a list of origins', 'https://app.example.org'],
    ['CORS_ORIGINS', 'https://app.example.org/', 'is not a list of origins', 'no slash'],
    ['CORS_ORIGINS', 'https://*.example.org', 'is not a list of origins', 'scheme, host and port'],
    ['CORS_ORIGINS', 'https://a.example.org,*', 'is not a list of origins', 'scheme, host and port'],
    ['CORS_ORIGINS', 'null', 'is not a list of origins', 'scheme, host and port'],
    ['METRICS_TOKEN', 'short', 'shorter than 32 bytes', 'openssl rand'],
    ['LOG_LEVEL', 'verbose', '"verbose" is not known here', 'silent'],
    ['UPLOAD_SESSION_SECONDS', '120', 'is not more than 120 (twice the 60', 'hours'],
    ['VIDEO_FILE_MAX_BYTES', '5497558138880', 'is more than the 214748364800 bytes', 'UPLOAD_SESSION_BYTES_PER_VIEWER'],
    ['PENDING_DEADLINE_SECONDS', '30', 'is not more than 150 (UPLOAD_STALL_SECONDS, 30,', 'several times'],
    ['LOCAL_STORAGE_DIR', './data', 'would mix stored files', 'a separate folder'],
    ['LOCAL_STORAGE_DIR', '.', 'would mix stored files', 'a separate folder'],
    ['LOCAL_STORAGE_DIR', './data/database/files', 'would mix stored files', 'a separate folder'],
    ['LOCAL_STORAGE_DIR', './data/secrets', 'would mix stored files', 'a separate folder'],
    ['AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE', 'although AWS_ACCESS_KEY_ID is', 'both, or neither', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'k', 'although AWS_SECRET_ACCESS_KEY is', 'both, or neither', 'AWS_ACCESS_KEY_ID'],
    ['AWS_SESSION_TOKEN', 'k', 'belongs to no access key', 'all three'],
    ['STUDIO_OIDC_ISSUER', 'id.example.org', 'does not begin with http://', 'scheme included'],
    ['STUDIO_OIDC_ISSUER', 'https://id.example.org', 'although STUDIO_OIDC_ISSUER is', 'both', 'STUDIO_OIDC_CLIENT_ID'],
    ['STUDIO_OIDC_CLIENT_ID', 'studio', 'although STUDIO_OIDC_CLIENT_ID is', 'both, or neither', 'STUDIO_OIDC_ISSUER'],
    ['STUDIO_OIDC_PARAMETERS', 'audience', 'without a name or a value', 'name=value'],
    ['STUDIO_OIDC_PARAMETERS', 'prompt=login&state=1', 'contains state, which the studio sets itself', 'Remove it'],
    ['USE_S3', 'true', 'is not set, and USE_S3 is true', 'name of the bucket', 'S3_BUCKET_NAME'],
    ['STORAGE', 's3', 'is not set, and STORAGE is s3', 'STORAGE=local', 'S3_BUCKET_NAME'],
    ['STORAGE', 'Local disk', 'is not the name of a storage', 'Set local or s3'],
  ])('%s=%s', (variable, value, problem, remedy, blamed = variable) => {
    const error = refusal({ [variable]: value });
    expect(error.faults.map((fault) => fault.variable)).toEqual([blamed]);
    expect(error.faults[0]?.problem).toContain(problem);
    expect(error.faults[0]?.remedy).toContain(remedy);
    expect(error.message).toMatch(new RegExp(`^The configuration has a fault:\n  ${blamed}: `));
  });
});

describe('special characters in MONGODB_URI', () => {
  it.each(['/', '?', '#', ':', '%', '@', '[', ']', '/@', '@/', '?@', '[1]', '%zz', '/x?y#z'])(
    'an unencoded %s in a password is refused: the message names %%-encoding and shows no part of it',
    (special) => {
      const uri = `mongodb://app:Sec${special}ret9@127.0.0.1:27017/lectern`;
      const { faults, message } = refusal({ MONGODB_URI: uri });
      expect(faults.map(({ variable }) => variable)).toEqual(['MONGODB_URI']);
      expect(message).toContain('%-encoded');
      expect(message).not.toMatch(/Sec|ret9/);
    },
  );

  it.each(['/', '?', '#', '%', '@', '[', ']'])('an unencoded %s in a user name is refused', (special) => {
    const { message } = refusal({ MONGODB_URI: `mongodb://us${special}er9:Secret9@127.0.0.1:27017/lectern` });
    expect(message).toContain('%-encoded');
    expect(message).not.toMatch(/er9|Secret9/);
  });

  it('an unencoded @ after the host is refused without showing any part of the password', () => {
    const uri = 'mongodb://app:p@Secret/9@127.0.0.1:27017/lectern';
    expect(refusal({ MONGODB_URI: uri }).message).not.toMatch(/Secret|9@/);
    expect(refusal({ MONGODB_URI: 'mongodb://db/lectern?appName=a@b' }).message).toContain('%-encoded');
  });
});

describe('a misspelt variable', () => {
  it.each([
    ['S3_BUCKET', 'S3_BUCKET_NAME'],
    ['MONGO_URI', 'MONGODB_URI'],
    ['MONGODB_URL', 'MONGODB_URI'],
    ['MONGO_URL', 'MONGODB_URI'],
    ['JWT_SECRET', 'AUTH_JWT_SECRET'],
    ['PUBLIC_URI', 'PUBLIC_URL'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['AWS_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
    ['DATA_DIRS', 'DATA_DIR'],
  ])('%s is reported with the right name, %s', (variable, meant) => {
    expect(misnamedVariables({ [variable]: 'x', PATH: '/bin' })).toEqual([{ variable, meant }]);
    expect(misnamedVariables({ [variable]: 'x', [meant]: 'y' })).toEqual([]);
    expect(misnamedVariables({ [variable]: '' })).toEqual([]);
  });

  it('is not reported for variables of other programs', () => {
    const names =
      'PATH HOME HOSTNAME PWD TERM LANG USER SHELL SHLVL LOGNAME EDITOR NODE_OPTIONS NODE_VERSION AWS_PROFILE ' +
      'AWS_DEFAULT_REGION AWS_EXECUTION_ENV KUBERNETES_PORT KUBERNETES_SERVICE_HOST MONGODB_PORT DATABASE_URL TZ CI';
    expect(misnamedVariables(Object.fromEntries(names.split(' ').map((name) => [name, 'x'])))).toEqual([]);
  });
});

describe('the configuration in production', () => {
  it('accepts the required settings', () => {
    expect(loadConfig(PRODUCTION).production).toBe(true);
  });

  it.each<[string, Environment, string[]]>([
    ['no settings', { NODE_ENV: 'production' }, ['AUTH_JWT_SECRET', 'PUBLIC_URL', 'MONGODB_URI', 'URL_SIGNING_SECRET']],
    ['no public URL', { ...PRODUCTION, PUBLIC_URL: '' }, ['PUBLIC_URL']],
    ['no database', { ...PRODUCTION, MONGODB_URI: '' }, ['MONGODB_URI']],
    ['no authentication', { ...PRODUCTION, AUTH_JWT_SECRET: '', URL_SIGNING_SECRET: SECRET }, ['AUTH_JWT_SECRET']],
    [
      'only a key set with local files',
      { ...PRODUCTION, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'https://id.example.org/keys' },
      ['URL_SIGNING_SECRET'],
    ],
    ['a short secret', { ...PRODUCTION, AUTH_JWT_SECRET: 'short' }, ['AUTH_JWT_SECRET']],
  ])('refuses %s', (_case, environment, variables) => {
    expect(refusal(environment).faults.map((fault) => fault.variable)).toEqual(variables);
  });

  it.each<[string, Environment]>([
    [
      'the embedded database when it is allowed explicitly',
      { ...PRODUCTION, MONGODB_URI: '', ALLOW_EMBEDDED_DATABASE: 'true' },
    ],
    [
      'only a key set with files on S3',
      {
        ...PRODUCTION,
        AUTH_JWT_SECRET: '',
        AUTH_JWKS_URL: 'https://id.org/k',
        USE_S3: 'true',
        S3_BUCKET_NAME: 'media',
      },
    ],
  ])('accepts %s', (_case, environment) => {
    expect(() => loadConfig(environment)).not.toThrow();
  });
});

describe('the message of a configuration error', () => {
  it('lists all faults', () => {
    const error = refusal({ PORT: 'x', MONGODB_URI: 'http://db', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', USE_S3: 'maybe' });
    expect(error.message).toBe(
      [
        'The configuration has 4 faults:',
        '  PORT: "x" is not a whole number. Set a port as plain digits, from 0 to 65535.',
        '  MONGODB_URI: the value (secret, not shown) does not begin with mongodb:// or mongodb+srv://. ' +
          'Set a MongoDB connection string, such as mongodb://localhost:27017/lectern.',
        '  USE_S3: "maybe" is neither true nor false. Set true or false.',
        '  AWS_SECRET_ACCESS_KEY: is not set, although AWS_ACCESS_KEY_ID is. ' +
          "Set both, or neither to use the AWS SDK's own search for credentials.",
        'Every variable is explained in .env.example.',
      ].join('\n'),
    );
  });

  it.each([
    ['MONGODB_URI', 'mysql://root:hunter2@db'],
    ['MONGODB_URI', 'mongodb://root:hunter2@'],
    ['AUTH_JWT_SECRET', 'hunter2'],
    ['URL_SIGNING_SECRET', 'hunter2'],
    ['METRICS_TOKEN', 'hunter2'],
    ['AWS_ACCESS_KEY_ID', 'hunter2\u0000'],
    ['AWS_SECRET_ACCESS_KEY', 'hunter2\n'],
    ['AWS_SESSION_TOKEN', 'hunter2'],
    ['S3_ENDPOINT', 'https://key:hunter2@minio:9000'],
    ['S3_ENDPOINT', 'ftp://key:hunter2@minio:9000'],
    ['AUTH_JWKS_URL', 'https://key:hunter2@id.example.org/keys'],
    ['PUBLIC_URL', 'https://key:hunter2@example.org'],
  ])('of %s=%s contains no secret', (variable, value) => {
    const error = refusal({ [variable]: value });
    expect(JSON.stringify([error.message, error.stack, error.faults, error.cause])).not.toContain('hunter2');
  });

  it('shortens a long value', () => {
    expect(refusal({ LOG_LEVEL: 'x'.repeat(5000) }).message.length).toBeLessThan(400);
  });
});

describe('the .env file', () => {
  const home = process.cwd();
  const dirs: string[] = [];

  function inFolderWith(dotEnv: string | Buffer): void {
    const dir = mkdtempSync(join(tmpdir(), 'config-test-'));
    dirs.push(dir);
    writeFileSync(join(dir, '.env'), dotEnv);
    process.chdir(dir);
  }

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    process.chdir(home);
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  it('is read; the environment overrides it', () => {
    vi.stubEnv('SHUTDOWN_GRACE_SECONDS', undefined);
    vi.stubEnv('UPLOAD_MAX_FILES', '3');
    inFolderWith('SHUTDOWN_GRACE_SECONDS=7\nUPLOAD_MAX_FILES=4\n');
    expect(loadConfig()).toMatchObject({ server: { shutdownGraceSeconds: 7 }, uploads: { maxFiles: 3 } });
  });

  it('is read without any output', () => {
    const written = [vi.spyOn(console, 'log'), vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
    vi.stubEnv('UPLOAD_MAX_FILES', undefined);
    inFolderWith('UPLOAD_MAX_FILES=4\n');
    loadConfig();
    for (const spy of written) expect(spy).not.toHaveBeenCalled();
  });

  const utf16le = Buffer.from('UPLOAD_MAX_FILES=4\r\n', 'utf16le');
  it.each<[string, Buffer]>([
    ['UTF-16LE with a byte order mark', Buffer.concat([Buffer.of(0xff, 0xfe), utf16le])],
    ['UTF-16LE without one', utf16le],
    ['UTF-16BE with a byte order mark', Buffer.concat([Buffer.of(0xff, 0xfe), utf16le]).swap16()],
    ['UTF-16BE without one', Buffer.from(utf16le).swap16()],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFUPLOAD_MAX_FILES=4\n')],
  ])('is read as %s', (_encoding, bytes) => {
    vi.stubEnv('UPLOAD_MAX_FILES', undefined);
    inFolderWith(bytes);
    expect(loadConfig().uploads.maxFiles).toBe(4);
  });

  it('is refused in an unknown encoding', () => {
    inFolderWith(Buffer.from('# Gr\xfc\xdfe\nUPLOAD_MAX_FILES=4\n', 'latin1'));
    expect(() => loadConfig()).toThrow(/\.env: is neither UTF-8 nor UTF-16 .* Save it as UTF-8/);
  });

  it('may be missing', () => {
    vi.stubEnv('UPLOAD_MAX_FILES', undefined);
    inFolderWith('');
    rmSync('.env');
    expect(loadConfig().uploads.maxFiles).toBe(10);
  });
});

describe('FAIL_POINT', () => {
  it('reads an action, a moment, a step, a pass and a delay', () => {
    const failPoint = (text: string) => loadConfig({ NODE_ENV: 'test', FAIL_POINT: text }).tests.failPoint;
    expect(failPoint('kill:before:publish')).toEqual({
      action: 'kill',
      when: 'before',
      step: 'publish',
      pass: 1,
      delayMs: 0,
    });
    expect(failPoint('delay:after:swap:2:3000')).toMatchObject({ action: 'delay', pass: 2, delayMs: 3_000 });
    expect(() => failPoint('kill:publish')).toThrow(/FAIL_POINT/);
    expect(() => failPoint('kill:before:publish:often')).toThrow(/FAIL_POINT/);
  });

  it('is refused unless NODE_ENV is test', () => {
    for (const NODE_ENV of ['development', 'production']) {
      expect(() => loadConfig({ NODE_ENV, FAIL_POINT: 'kill:before:publish' })).toThrow(/FAIL_POINT.*NODE_ENV/);
    }
    expect(loadConfig({}).tests).toEqual({ lateSeconds: 60 });
  });
});

describe('TIMINGS', () => {
  it('sets the timings that it names', () => {
    const timings = (text: string) => loadConfig({ NODE_ENV: 'test', TIMINGS: text }).tests.timings;
    expect(timings('s3Idle=600, stopNotice=0')).toEqual({ s3Idle: 600, stopNotice: 0 });
    for (const wrong of ['s3Idle', 's3Idle=', 's3Idle=-1', 's3Idle=soon', 'patience=1', 's3Idle=1;stopNotice=1']) {
      expect(() => timings(wrong)).toThrow(/TIMINGS/);
    }
  });

  it('LATE_SECONDS is refused unless NODE_ENV is test', () => {
    for (const NODE_ENV of ['development', 'production']) {
      expect(() => loadConfig({ NODE_ENV, LATE_SECONDS: '0' })).toThrow(/LATE_SECONDS.*NODE_ENV/);
    }
    expect(loadConfig({ NODE_ENV: 'test', LATE_SECONDS: '0' }).tests.lateSeconds).toBe(0);
  });

  it('is refused unless NODE_ENV is test', () => {
    for (const NODE_ENV of ['development', 'production']) {
      expect(() => loadConfig({ NODE_ENV, TIMINGS: 'stopNotice=0' })).toThrow(/TIMINGS.*NODE_ENV/);
    }
  });
});

describe('secretsOf', () => {
  it('returns the values of secret variables, and the password of a connection string encoded and decoded', () => {
    const secrets = secretsOf({
      AUTH_JWT_SECRET: SECRET,
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_SESSION_TOKEN: '',
      MONGODB_URI: 'mongodb+srv://user:p%40ss@db.example.org/lectern',
      S3_BUCKET_NAME: 'no-secret',
    });
    const expected = [SECRET, 'key', 'mongodb+srv://user:p%40ss@db.example.org/lectern', 'p%40ss', 'p@ss'];
    expect([...secrets].sort()).toEqual(expected.sort());
  });

  it('returns secrets of invalid values too', () => {
    expect(secretsOf({ MONGODB_URI: 'mongodb://u:100%@db:port' })).toContain('100%');
    expect(secretsOf({})).toEqual([]);
  });
});
