import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { productionAddress } from '../support/free-port.js';
import { TEST_SECRET } from '../support/app.js';
import { useProcessSite, variablesNamed } from '../support/process-site.js';

const site = useProcessSite();

describe('a configuration with faults', () => {
  it('is read from .env too, and the environment overrides it', async () => {
    await writeFile(join(site.dataDir, '.env'), 'PORT=eighty\nLOG_LEVEL=loud\n');
    const { stderr } = await site.refusal({ PORT: '0' });
    expect(variablesNamed(stderr)).toEqual(['LOG_LEVEL']);
  });
});

describe('MONGODB_URI', () => {
  it.each(['mongodb://app:Sec/ret9@127.0.0.1:27017/lectern', 'mongodb://app:p@Secret/9@127.0.0.1:27017/lectern'])(
    'is refused with unencoded characters in the password, without showing any part of it: %s',
    async (uri) => {
      const { stderr } = await site.refusal({ MONGODB_URI: uri });
      expect(variablesNamed(stderr)).toEqual(['MONGODB_URI']);
      expect(stderr).toContain('%-encoded');
      expect(stderr).not.toMatch(/Sec|ret9|p@|\/9/);
    },
  );

  it('is refused with an option that the driver does not know', async () => {
    const { stderr } = await site.refusal({ MONGODB_URI: 'mongodb://app:hunter2@127.0.0.1:9/lectern?wrong=1' });
    expect(stderr).toMatch(/^MONGODB_URI: .*wrong/);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('a misspelt variable', () => {
  it('is reported with the right name, and the server starts', async () => {
    const server = await site.start({ S3_BUCKET: 'media', MONGO_URI: 'mongodb://db', LOG_LEVEL: 'silent' });
    expect(server.stdout()).toMatch(/S3_BUCKET is set, but it is not a setting of Lectern: set S3_BUCKET_NAME/);
    expect(server.stdout()).toMatch(/MONGO_URI is set, but it is not a setting of Lectern: set MONGODB_URI/);
  });
});

describe('a port in use', () => {
  it('is reported with a remedy', async () => {
    const server = await site.start({});
    const other = await mkdtemp(join(tmpdir(), 'lectern-start-'));
    const { stderr } = await site.refusal({ PORT: new URL(server.url).port, DATA_DIR: other });
    expect(stderr).toMatch(/is in use by another process.*PORT/);
    await rm(other, { recursive: true });
  });
});

const PUBLIC_URL = 'https://media.example.org';

describe('production', () => {
  it('is refused without a secret, a database and a public URL, and names all of them', async () => {
    const { stderr } = await site.refusal({ NODE_ENV: 'production' });
    expect(variablesNamed(stderr)).toEqual(['AUTH_JWT_SECRET', 'MONGODB_URI', 'PUBLIC_URL', 'URL_SIGNING_SECRET']);
    expect(await readdir(site.dataDir)).toEqual([]);
  });

  it('is refused with only a secret or only a database', async () => {
    const secretOnly = await site.refusal({ NODE_ENV: 'production', PUBLIC_URL, AUTH_JWT_SECRET: TEST_SECRET });
    expect(variablesNamed(secretOnly.stderr)).toEqual(['MONGODB_URI']);
    expect(secretOnly.stderr).toContain('ALLOW_EMBEDDED_DATABASE=true');
    expect(secretOnly.stderr).not.toContain(TEST_SECRET);
    const databaseOnly = await site.refusal({ NODE_ENV: 'production', PUBLIC_URL, ALLOW_EMBEDDED_DATABASE: 'true' });
    expect(variablesNamed(databaseOnly.stderr)).toEqual(['AUTH_JWT_SECRET', 'URL_SIGNING_SECRET']);
  });

  it('is refused when nothing can sign the URLs of local files because only a key set is configured', async () => {
    const { stderr } = await site.refusal({
      NODE_ENV: 'production',
      PUBLIC_URL,
      ALLOW_EMBEDDED_DATABASE: 'true',
      AUTH_JWKS_URL: 'https://id.example.org/keys',
    });
    expect(variablesNamed(stderr)).toEqual(['URL_SIGNING_SECRET']);
  });

  // The embedded run has no MongoDB server; `npm run test:mongodb` has one.
  const mongodbUri = inject('mongodbUri');
  if (mongodbUri !== null) {
    it('starts with MongoDB', async () => {
      const address = await productionAddress();
      const environment = { NODE_ENV: 'production', AUTH_JWT_SECRET: TEST_SECRET, MONGODB_URI: mongodbUri, ...address };
      const server = await site.start(environment);
      expect(JSON.parse(server.stdout())).toMatchObject({ database: 'mongodb', storage: 'local' });
    });
  }
});
