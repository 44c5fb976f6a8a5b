import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { productionAddress } from '../support/free-port.js';
import { ViewerDocument } from '../support/gql/graphql.js';
import { dataOf, graphql } from '../support/graphql-client.js';
import { tokenFor, TEST_SECRET } from '../support/app.js';
import { useProcessSite, variablesNamed } from '../support/process-site.js';

const site = useProcessSite();

describe('a configuration with faults', () => {
  it('is refused with every fault, its variable, problem and remedy, and without a secret', async () => {
    const { stderr } = await site.refusal({
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
    expect(variablesNamed(stderr)).toEqual([
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
    expect(await readdir(site.dataDir)).toEqual([]);
  });
});

describe('production', () => {
  it('starts with the embedded database when allowed, and prints one line of JSON without a token at any log level', async () => {
    const environment = { NODE_ENV: 'production', ALLOW_EMBEDDED_DATABASE: 'true', AUTH_JWT_SECRET: TEST_SECRET };
    const address = await productionAddress();
    const server = await site.start({ ...environment, ...address, LOG_LEVEL: 'silent' });
    const lines = server.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ url: server.url, database: 'embedded', storage: 'local' });
    expect(server.stdout()).not.toMatch(/eyJ|curl/);
    expect(await readdir(site.dataDir)).not.toContain('secrets');
    const token = await tokenFor('ada', 'instructor');
    expect(dataOf(await graphql(server.url, ViewerDocument, {}, { token })).viewer).toEqual({
      id: 'ada',
      role: 'INSTRUCTOR',
    });
    expect(await server.stop()).toBe(0);
  });
});

describe('a start that fails while the embedded database opens', () => {
  it('closes the database, and leaves no socket', async () => {
    // Where the folder of secrets should be.
    await writeFile(join(site.dataDir, 'secrets'), '');
    const { stderr } = await site.refusal({});
    expect(stderr).toMatch(/^DATA_DIR: .* cannot be used/);
    expect((await readdir(site.dataDir)).sort()).toEqual(['database', 'run', 'secrets']);
    expect(await readdir(join(site.dataDir, 'run'))).toEqual([]);
    expect(await readdir(join(site.dataDir, 'database'))).toEqual(['lectern.sqlite']);
  });
});

describe('an unavailable database', () => {
  it('is reported in one sentence, without the password', async () => {
    const { stderr } = await site.refusal({ MONGODB_URI: 'mongodb://user:hunter2@127.0.0.1:9/lectern' });
    expect(stderr).toMatch(/database does not answer.*MONGODB_URI/);
    expect(stderr).not.toContain('hunter2');
  });
});
