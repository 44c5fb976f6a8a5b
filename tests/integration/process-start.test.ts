import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import { productionAddress } from '../support/free-port.js';
import { ViewerDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { tokenFor, TEST_SECRET } from '../support/app.js';
import { startServer, tryStartServer, type FailedStart, type ServerProcess } from '../support/server.js';

let dataDir: string;
let server: ServerProcess | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lectern-start-'));
});
afterEach(async () => {
  await server?.stop('SIGKILL');
  server = undefined;
  await rm(dataDir, { recursive: true, force: true });
});

const withData = (environment: Environment): Environment => ({ PORT: '0', DATA_DIR: dataDir, ...environment });

async function refusal(environment: Environment): Promise<FailedStart> {
  const outcome = await tryStartServer(withData(environment), dataDir);
  if (!('exitCode' in outcome)) {
    server = outcome;
    throw new Error('It has started.');
  }
  expect(outcome.exitCode).toBe(1);
  expect(outcome.stdout).toBe('');
  expect(outcome.stderr).not.toMatch(/\n\s+at /);
  return outcome;
}

/** The variables that a refusal names at the beginning of a line. */
const named = (text: string): string[] =>
  [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name!).sort();

describe('a configuration with faults', () => {
  it('is refused with all of them at once, by variable, problem and remedy, and no secret', async () => {
    const { stderr } = await refusal({
      PORT: 'eighty',
      MONGODB_URI: 'https://user:hunter2@db.example.org/lectern',
      USE_S3: 'true',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      IMAGE_MAX_BYTES: '-1',
      VIDEO_URL_TTL_SECONDS: '0',
      AUTH_JWT_SECRET: 'short-secret',
      LOG_LEVEL: 'loud',
      PUBLIC_URL: 'ftp://example.org',
    });
    expect(named(stderr)).toEqual([
      'AUTH_JWT_SECRET',
      'AWS_SECRET_ACCESS_KEY',
      'IMAGE_MAX_BYTES',
      'LOG_LEVEL',
      'MONGODB_URI',
      'PORT',
      'PUBLIC_URL',
      'S3_BUCKET_NAME',
      'VIDEO_URL_TTL_SECONDS',
    ]);
    expect(stderr).not.toMatch(/hunter2|short-secret|AKIAEXAMPLE/);
    expect(stderr).toContain('"eighty"');
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('is read from .env too, and the environment wins over it', async () => {
    await writeFile(join(dataDir, '.env'), 'PORT=eighty\nLOG_LEVEL=loud\n');
    const { stderr } = await refusal({ PORT: '0' });
    expect(named(stderr)).toEqual(['LOG_LEVEL']);
  });
});

describe('MONGODB_URI', () => {
  it.each(['mongodb://app:Sec/ret9@127.0.0.1:27017/lectern', 'mongodb://app:p@Secret/9@127.0.0.1:27017/lectern'])(
    'is refused with special characters in the password as they are, without a part of it: %s',
    async (uri) => {
      const { stderr } = await refusal({ MONGODB_URI: uri });
      expect(named(stderr)).toEqual(['MONGODB_URI']);
      expect(stderr).toContain('%-encoded');
      expect(stderr).not.toMatch(/Sec|ret9|p@|\/9/);
    },
  );

  it('is refused with an option that the driver does not know', async () => {
    const { stderr } = await refusal({ MONGODB_URI: 'mongodb://app:hunter2@127.0.0.1:9/lectern?wrong=1' });
    expect(stderr).toMatch(/^MONGODB_URI: .*wrong/);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('a variable that is nearly one of ours', () => {
  it('is named with the right name, and the server starts', async () => {
    server = await startServer(
      withData({ S3_BUCKET: 'media', MONGO_URI: 'mongodb://db', LOG_LEVEL: 'silent' }),
      dataDir,
    );
    expect(server.stdout()).toMatch(/S3_BUCKET is set, and Lectern does not know it: set S3_BUCKET_NAME/);
    expect(server.stdout()).toMatch(/MONGO_URI is set, and Lectern does not know it: set MONGODB_URI/);
  });
});

describe('a port that is taken', () => {
  it('is refused with a word on what to do', async () => {
    server = await startServer(withData({}), dataDir);
    const other = await mkdtemp(join(tmpdir(), 'lectern-start-'));
    const { stderr } = await refusal({ PORT: new URL(server.url).port, DATA_DIR: other });
    expect(stderr).toMatch(/is taken.*PORT/);
    await rm(other, { recursive: true });
  });
});

const PUBLIC_URL = 'https://media.example.org';

describe('production', () => {
  it('is refused without a secret, a database and a public URL, all named', async () => {
    const { stderr } = await refusal({ NODE_ENV: 'production' });
    expect(named(stderr)).toEqual(['AUTH_JWT_SECRET', 'MONGODB_URI', 'PUBLIC_URL', 'URL_SIGNING_SECRET']);
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('is refused with either of them alone', async () => {
    const secretOnly = await refusal({ NODE_ENV: 'production', PUBLIC_URL, AUTH_JWT_SECRET: TEST_SECRET });
    expect(named(secretOnly.stderr)).toEqual(['MONGODB_URI']);
    expect(secretOnly.stderr).toContain('ALLOW_EMBEDDED_DATABASE=true');
    expect(secretOnly.stderr).not.toContain(TEST_SECRET);
    const databaseOnly = await refusal({ NODE_ENV: 'production', PUBLIC_URL, ALLOW_EMBEDDED_DATABASE: 'true' });
    expect(named(databaseOnly.stderr)).toEqual(['AUTH_JWT_SECRET', 'URL_SIGNING_SECRET']);
  });

  it('is refused when only a key set verifies tokens and nothing could sign the URLs of local files', async () => {
    const { stderr } = await refusal({
      NODE_ENV: 'production',
      PUBLIC_URL,
      ALLOW_EMBEDDED_DATABASE: 'true',
      AUTH_JWKS_URL: 'https://id.example.org/keys',
    });
    expect(named(stderr)).toEqual(['URL_SIGNING_SECRET']);
  });

  // The embedded run has no MongoDB to start on; `npm run test:mongodb` has.
  const mongodbUri = inject('mongodbUri');
  if (mongodbUri !== null) {
    it('starts on MongoDB', async () => {
      const address = await productionAddress();
      const environment = { NODE_ENV: 'production', AUTH_JWT_SECRET: TEST_SECRET, MONGODB_URI: mongodbUri, ...address };
      server = await startServer(withData(environment), dataDir);
      expect(JSON.parse(server.stdout())).toMatchObject({ database: 'mongodb', storage: 'local' });
    });
  }

  it('starts on the embedded database when told to, with one line of JSON and no token, whatever the log level', async () => {
    const environment = { NODE_ENV: 'production', ALLOW_EMBEDDED_DATABASE: 'true', AUTH_JWT_SECRET: TEST_SECRET };
    const address = await productionAddress();
    server = await startServer(withData({ ...environment, ...address, LOG_LEVEL: 'silent' }), dataDir);
    const lines = server.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ url: server.url, database: 'embedded', storage: 'local' });
    expect(server.stdout()).not.toMatch(/eyJ|curl/);
    expect(await readdir(dataDir)).not.toContain('secrets');
    const token = await tokenFor('ada', 'instructor');
    expect(dataOf(await graphql(server.url, ViewerDocument, {}, { token })).viewer).toEqual({
      id: 'ada',
      role: 'INSTRUCTOR',
    });
    expect(await server.stop()).toBe(0);
  });
});

describe('a database that is away', () => {
  it('is told in one sentence, without the password', async () => {
    const { stderr } = await refusal({ MONGODB_URI: 'mongodb://user:hunter2@127.0.0.1:9/lectern' });
    expect(stderr).toMatch(/database does not answer.*MONGODB_URI/);
    expect(stderr).not.toContain('hunter2');
  });
});
