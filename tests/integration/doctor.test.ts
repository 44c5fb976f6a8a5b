import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  type CORSRule,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config.js';
import type { Diagnosis } from '../../src/diagnosis.js';
import { refuse, startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import { newEnvironment, s3Environment, startApp, TEST_SECRET } from '../support/app.js';
import { createBucket, unfinishedUploads, withS3 } from '../support/bucket.js';
import { CLI, lectern, spawnLectern } from '../support/cli.js';
import { readPage, tableRows } from '../support/docs-pages.js';
import { freePort } from '../support/free-port.js';
import { shortened, timings } from '../support/timings.js';

interface Examination {
  readonly exitCode: number | null;
  readonly all: readonly Diagnosis[];
  /** The checks that are not ok. */
  readonly faults: readonly Diagnosis[];
  of(check: string): Diagnosis | undefined;
}

async function doctor(environment: Environment, run = lectern): Promise<Examination> {
  const { exitCode, stdout, stderr } = await run(environment, 'doctor', '--json');
  expect(stderr).toBe('');
  const all = JSON.parse(stdout) as Diagnosis[];
  const faults = all.filter(({ status }) => status !== 'ok');
  // Each fault comes with a remedy.
  for (const { message, remedy } of faults) expect([message, remedy]).toEqual([expect.any(String), expect.any(String)]);
  return { exitCode, all, faults, of: (check) => all.find((diagnosis) => diagnosis.check === check) };
}

/** The command waits a tenth of its usual time for an unavailable database. */
const DATABASE_WAITS = timings(shortened('databaseSelection', 'databaseOperation', 'databaseConnect'));

/** Checks that depend on the machine of the tests or on the database server of this run. */
const OF_THE_MACHINE = new Set(['local space', 'memory', 'write concern']);

/** Checks of a server that others use. `doctor-production.test.ts` tests them. */
const ONLY_IN_PRODUCTION = ['proxy body size', 'proxy headers', 'public tls', 'public url', 'replica set'];

let environment: Environment & { readonly DATA_DIR: string };

beforeAll(async () => {
  environment = await newEnvironment();
});
afterAll(() => rm(environment.DATA_DIR, { recursive: true, force: true }));

describe('lectern doctor', () => {
  it.each(['w=1', 'w=0', 'readPreference=secondary'])('reports %s in MONGODB_URI as a fault', async (option) => {
    const { exitCode, all } = await doctor({ ...environment, MONGODB_URI: `mongodb://127.0.0.1:9/lectern?${option}` });
    expect(exitCode).toBe(1);
    const message = expect.stringContaining(option.startsWith('w') ? 'write concern (w)' : 'readPreference');
    expect(all).toEqual([{ check: 'configuration', status: 'problem', message, remedy: expect.any(String) }]);
  });

  it('warns when the studio signs in at a provider whose tokens cannot be verified', async () => {
    const provider = { STUDIO_OIDC_ISSUER: 'https://id.example.org', STUDIO_OIDC_CLIENT_ID: 'studio' };
    const warned = await doctor({ ...environment, ...provider });
    expect(warned.exitCode).toBe(0);
    expect(warned.of('configuration')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('STUDIO_OIDC_ISSUER is set and AUTH_JWKS_URL is not'),
      remedy: expect.stringContaining('jwks_uri'),
    });
    const keys = { AUTH_JWKS_URL: 'https://id.example.org/jwks' };
    expect((await doctor({ ...environment, ...provider, ...keys })).of('configuration')?.status).toBe('ok');
  });

  it('reports a misspelt variable with the right name', async () => {
    const { exitCode, faults } = await doctor({ ...environment, S3_BUCKET: 'media' });
    expect(exitCode).toBe(0);
    expect(faults).toContainEqual({
      check: 'configuration',
      status: 'warning',
      message: 'S3_BUCKET is set, but it is not a setting of Lectern.',
      remedy: 'Set S3_BUCKET_NAME.',
    });
  });

  it('ends without an error when the reader of its output has ended', async () => {
    const command = `"${process.execPath}" "${CLI}" doctor | head -n 1`;
    const child = spawn('sh', ['-c', command], { env: { PATH: process.env['PATH'], ...environment } });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += String(text)));
    child.stderr.on('data', (text: Buffer) => (output += String(text)));
    await once(child, 'close');
    expect(output).toMatch(/^ok +configuration .*\n$/);
  });
  it('finds no fault beside a running server, and prints one line for each check', async () => {
    const server = await startApp({}, environment);
    try {
      const { exitCode, all, faults } = await doctor(environment);
      expect(exitCode).toBe(0);
      expect(faults.filter(({ check }) => !OF_THE_MACHINE.has(check))).toEqual([]);
      expect(all.map(({ check }) => check)).toEqual([
        'configuration',
        'data folder',
        'memory',
        'pictures',
        'database connection',
        'database',
        'database indexes',
        'database clock',
        'write concern',
        'local folder',
        'local put/get/delete',
        'local space',
      ]);
      const { exitCode: again, stdout, stderr } = await spawnLectern(environment, 'doctor');
      expect({ again, stderr }).toEqual({ again: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(all.length);
      for (const line of lines) expect(line).toMatch(/^(ok|warning|problem) +[a-z/ ]+ {2}\S.*\.$/);
    } finally {
      await server.stop();
    }
  });

  it('uses the database of the running server, or opens its own without one', async () => {
    const alone = await newEnvironment();
    expect((await doctor(alone)).of('database')).toMatchObject({
      status: 'ok',
      message: inject('mongodbUri') === null ? 'The embedded database answers.' : expect.stringMatching(/^MongoDB \d/),
    });
    await rm(alone.DATA_DIR, { recursive: true, force: true });
  });

  it('warns about missing indexes, which a starting server creates', async () => {
    const fresh = await newEnvironment();
    const { exitCode, of } = await doctor(fresh);
    expect(exitCode).toBe(0);
    expect(of('database indexes')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/\d of courses/),
    });
    await (await startApp({}, fresh)).stop();
    expect((await doctor(fresh)).of('database indexes')).toMatchObject({ status: 'ok' });
    await rm(fresh.DATA_DIR, { recursive: true, force: true });
  });

  it('reports every fault of the configuration', async () => {
    const wrong = { ...environment, PORT: 'many', USE_S3: 'true', S3_BUCKET_NAME: '' };
    const { exitCode, all } = await doctor(wrong, spawnLectern);
    expect(exitCode).toBe(1);
    expect(all).toMatchObject([
      { check: 'configuration', status: 'problem', message: 'PORT: "many" is not a whole number.' },
      { check: 'configuration', status: 'problem', message: expect.stringMatching(/^S3_BUCKET_NAME: is not set/) },
    ]);
  });

  it('continues when the database does not answer', async () => {
    const port = await freePort();
    const away = { MONGODB_URI: `mongodb://127.0.0.1:${port}/lectern`, TIMINGS: DATABASE_WAITS };
    const { exitCode, of } = await doctor({ ...environment, ...away });
    expect(exitCode).toBe(1);
    expect(of('database connection')).toMatchObject({
      status: 'problem',
      message: expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`),
    });
    expect(of('database')).toBeUndefined();
    expect(of('local put/get/delete')).toMatchObject({ status: 'ok' });
  });

  it('reports a folder of local files that is not a folder', async () => {
    const file = join(environment.DATA_DIR, 'a-file');
    await writeFile(file, '');
    const { exitCode, of } = await doctor({ ...environment, LOCAL_STORAGE_DIR: file });
    expect(exitCode).toBe(1);
    expect(of('local folder')).toMatchObject({ status: 'problem', message: expect.stringContaining('a-file') });
  });

  it('reports a data folder that is not a folder, and continues', async () => {
    const file = join(environment.DATA_DIR, 'no-folder');
    await writeFile(file, '');
    const folder = join(environment.DATA_DIR, 'files');
    const { exitCode, of } = await doctor({ ...environment, DATA_DIR: file, LOCAL_STORAGE_DIR: folder });
    expect(exitCode).toBe(1);
    expect(of('data folder')).toMatchObject({ status: 'problem' });
    expect(of('local folder')).toMatchObject({ status: 'ok' });
  });

  it.skipIf(inject('mongodbUri') === null).each([
    ['w=majority', 'ok', undefined],
    ['w=majority&journal=false', 'warning', 'journal=true'],
  ])('rates the write concern %s as %s', async (options, status, remedy) => {
    const uri = new URL(environment['MONGODB_URI']!);
    for (const [name, value] of new URLSearchParams(options)) uri.searchParams.set(name, value);
    const found = (await doctor({ ...environment, MONGODB_URI: uri.href })).of('write concern');
    expect(found?.status).toBe(status);
    expect(found?.remedy ?? '').toContain(remedy ?? '');
  });
});

describe.skipIf(inject('s3') === null)('lectern doctor with S3', () => {
  const S3_CHECKS = [
    's3 credentials',
    's3 clock',
    's3 bucket',
    's3 put',
    's3 get',
    's3 signed url',
    's3 privacy',
    's3 delete',
    's3 multipart',
    's3 direct upload',
    's3 cors',
    's3 preflight',
    's3 lifecycle',
    's3 checksums',
  ];
  let proxy: S3Proxy;
  let bucket: string;
  let onS3: Environment;

  beforeAll(async () => {
    proxy = await startS3Proxy(inject('s3')!.endpoint);
    bucket = await createBucket();
    onS3 = { ...environment, ...s3Environment(bucket), CORS_ORIGINS: `${ORIGIN},https://b.example.org` };
  });
  afterAll(() => proxy.close());

  const letThrough = (): void => {
    proxy.intercept = () => false;
  };

  const ORIGIN = 'https://a.example.org';
  const RULE: CORSRule = { AllowedOrigins: [ORIGIN], AllowedMethods: ['GET', 'PUT'] };
  const HEADERS = ['Content-Type', 'Content-MD5'];
  /** Adds a lifecycle rule that aborts unfinished uploads after `days` days. */
  const abortAfter = (name: string, days: number) =>
    withS3((client) =>
      client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: name,
          LifecycleConfiguration: {
            Rules: [
              {
                ID: 'unfinished-uploads',
                Status: 'Enabled',
                Filter: { Prefix: '' },
                AbortIncompleteMultipartUpload: { DaysAfterInitiation: days },
              },
            ],
          },
        }),
      ),
    );
  const allowOrigins = (name: string, rule: CORSRule) =>
    withS3((client) =>
      client.send(new PutBucketCorsCommand({ Bucket: name, CORSConfiguration: { CORSRules: [rule] } })),
    );
  const keysIn = async (name: string): Promise<string[]> => {
    const { Contents = [] } = await withS3((client) => client.send(new ListObjectsV2Command({ Bucket: name })));
    return Contents.map(({ Key }) => Key ?? '');
  };

  it("checks the bucket's CORS and lifecycle rules, whether missing, incomplete or right, and leaves nothing behind", async () => {
    const { exitCode, all, faults } = await doctor(onS3);
    expect(all.map(({ check }) => check).filter((check) => check.startsWith('s3 '))).toEqual(S3_CHECKS);
    expect(exitCode).toBe(0);
    expect(faults.filter(({ check }) => check.startsWith('s3'))).toMatchObject([
      { check: 's3 cors', status: 'warning' },
      { check: 's3 preflight', status: 'warning', message: expect.stringContaining(ORIGIN) },
      { check: 's3 lifecycle', status: 'warning', message: expect.stringMatching(/No lifecycle rule/) },
    ]);
    const documented = tableRows(readPage('docs/maintenance.md').prose, 'Check', 'What is checked');
    const names = documented.flatMap(([cell = '']) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name));
    expect(names.sort()).toEqual([...all.map(({ check }) => check), ...ONLY_IN_PRODUCTION].sort());
    await allowOrigins(bucket, { ...RULE, AllowedMethods: ['GET'], AllowedHeaders: HEADERS });
    await abortAfter(bucket, 7);
    const incomplete = await doctor(onS3);
    expect(incomplete.of('s3 cors')).toMatchObject({ status: 'warning', message: expect.stringMatching(/PUT/) });
    expect(incomplete.of('s3 preflight')).toMatchObject({ status: 'warning' });
    expect(incomplete.of('s3 lifecycle')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/7 days/),
    });
    await allowOrigins(bucket, { ...RULE, AllowedHeaders: ['Content-Type'] });
    expect((await doctor(onS3)).of('s3 preflight')).toMatchObject({ status: 'warning' });
    await allowOrigins(bucket, { ...RULE, AllowedHeaders: HEADERS });
    await abortAfter(bucket, 8);
    const right = await doctor(onS3);
    expect(right.of('s3 cors')).toMatchObject({ status: 'ok', message: `CORS rules allow PUT to ${ORIGIN}.` });
    expect(right.of('s3 preflight')).toMatchObject({ status: 'ok', message: expect.stringContaining(ORIGIN) });
    expect(right.of('s3 lifecycle')).toMatchObject({ status: 'ok', message: expect.stringMatching(/8 days/) });
    expect(await keysIn(bucket)).toEqual([]);
    expect(await unfinishedUploads(bucket)).toEqual([]);
  });

  it.each([
    ['another size', (sent: number) => sent === 1],
    ['another MD5', (sent: number) => sent === 2],
  ])('reports a store that accepts a part with %s than was signed', async (what, isWrong) => {
    let sent = 0;
    proxy.intercept = (request, response) => {
      if (request.method !== 'PUT' || !(request.url ?? '').includes('X-Amz-Signature') || !isWrong(++sent))
        return false;
      request.resume().once('end', () => response.writeHead(200, { etag: '"x"' }).end());
      return true;
    };
    const { exitCode, of } = await doctor({ ...onS3, S3_PUBLIC_ENDPOINT: proxy.endpoint }).finally(letThrough);
    expect(exitCode).toBe(1);
    expect(of('s3 direct upload')).toMatchObject({ status: 'problem', message: expect.stringContaining(what) });
    expect(await unfinishedUploads(bucket)).toEqual([]);
  });

  it('reports a bucket whose objects anybody can read or list', async () => {
    const readable = await createBucket();
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${readable}/*`] },
      ],
    });
    await withS3((client) => client.send(new PutBucketPolicyCommand({ Bucket: readable, Policy })));
    const read = await doctor({ ...onS3, S3_BUCKET_NAME: readable });
    expect(read.exitCode).toBe(1);
    expect(read.of('s3 privacy')).toMatchObject({
      status: 'problem',
      message: 'Anybody can read the objects of the bucket.',
    });

    const listable = await createBucket();
    await withS3((client) => client.send(new PutBucketAclCommand({ Bucket: listable, ACL: 'public-read' })));
    const list = await doctor({ ...onS3, S3_BUCKET_NAME: listable });
    expect(list.exitCode).toBe(1);
    expect(list.of('s3 privacy')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^Anybody can list/),
    });
  });

  it.each([
    ['a missing bucket', { S3_BUCKET_NAME: 'lectern-no-such-bucket' }, /NoSuchBucket/, /S3_BUCKET_NAME/],
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'wrong' }, /SignatureDoesNotMatch/, /AWS_SECRET_ACCESS_KEY/],
    ['an unknown access key', { AWS_ACCESS_KEY_ID: 'unknown' }, /InvalidAccessKeyId/, /AWS_ACCESS_KEY_ID/],
  ])('reports %s', async (_case, wrong, message, remedy) => {
    const { exitCode, all, of } = await doctor({ ...onS3, ...wrong });
    expect(exitCode).toBe(1);
    expect(of('s3 bucket')).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    expect(all.at(-1)?.check).toBe('s3 bucket');
  });

  it('reports an endpoint where nothing listens', async () => {
    const port = await freePort();
    const { exitCode, of } = await doctor({ ...onS3, S3_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(exitCode).toBe(1);
    expect(of('s3 bucket')).toMatchObject({ status: 'problem', message: expect.stringContaining('ECONNREFUSED') });
    expect(of('database connection')).toMatchObject({ status: 'ok' });
  });

  it('ends soon when the endpoint never answers', async () => {
    proxy.intercept = () => true;
    const waits = shortened('doctorBucket');
    const silent = { ...onS3, S3_ENDPOINT: proxy.endpoint, TIMINGS: timings(waits) };
    const { exitCode, of } = await doctor(silent).finally(letThrough);
    expect(exitCode).toBe(1);
    expect(of('s3 clock')).toMatchObject({ status: 'warning' });
    const message = expect.stringContaining(`did not answer within ${String(waits.doctorBucket / 1_000)} seconds`);
    expect(of('s3 bucket')).toMatchObject({ status: 'problem', message });
  });

  it.each([
    [120, 'warning', /differ by 1(19|20|21) seconds/],
    [3_600, 'problem', /differ by 36\d\d seconds|differ by 359\d seconds/],
  ])('compares the clocks: a difference of %i s is a %s', async (seconds, status, message) => {
    proxy.intercept = (_request, response) => {
      const writeHead = response.writeHead.bind(response);
      response.writeHead = ((code: number, headers: Record<string, string>) =>
        writeHead(code, { ...headers, date: new Date(Date.now() + seconds * 1_000).toUTCString() })) as never;
      return false;
    };
    const { of, all } = await doctor({ ...onS3, S3_ENDPOINT: proxy.endpoint }).finally(letThrough);
    expect(of('s3 clock')).toMatchObject({ status, message: expect.stringMatching(message) });
    // A clock error that makes every signature invalid is reported before the credentials or the policy are blamed.
    if (status === 'problem') expect(all.at(-1)?.check).toBe('s3 clock');
    else expect(of('s3 bucket')).toMatchObject({ status: 'ok' });
  });

  it('fetches a signed URL from the public endpoint', async () => {
    const port = await freePort();
    const dead = await doctor({ ...onS3, S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(dead.exitCode).toBe(0);
    expect(dead.of('s3 signed url')).toMatchObject({
      status: 'warning',
      remedy: expect.stringMatching(/S3_PUBLIC_ENDPOINT/),
    });

    const right = await doctor({ ...onS3, S3_PUBLIC_ENDPOINT: proxy.endpoint });
    expect(right.of('s3 signed url')).toMatchObject({ status: 'ok', message: expect.stringContaining(proxy.endpoint) });

    proxy.intercept = (request, response) => refuse(request, response, 403, 'SignatureDoesNotMatch');
    const wrong = await doctor({ ...onS3, S3_PUBLIC_ENDPOINT: proxy.endpoint }).finally(letThrough);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.of('s3 signed url')).toMatchObject({ status: 'problem', message: expect.stringContaining('403') });
    expect(await keysIn(bucket)).toEqual([]);
  });

  it.each([
    ['PUT', /\/probe\.txt\?x-id=PutObject/, 's3 put'],
    ['GET', /\/probe\.txt\?x-id=GetObject$/, 's3 get'],
    ['DELETE', /\/probe\.txt\?x-id=DeleteObject/, 's3 delete'],
    ['POST', /\?uploads/, 's3 multipart'],
    ['PUT', /partNumber/, 's3 multipart'],
    ['GET', /\?cors/, 's3 cors'],
    ['GET', /\?lifecycle/, 's3 lifecycle'],
  ])('reports a policy without %s %s in the check "%s" only', async (method, url, check) => {
    proxy.intercept = (request, response) =>
      request.method === method && url.test(request.url ?? '') && refuse(request, response, 403, 'AccessDenied');
    const { faults } = await doctor({ ...onS3, S3_ENDPOINT: proxy.endpoint }).finally(letThrough);
    const ofS3 = faults.filter(({ check: name }) => name.startsWith('s3 '));
    expect(ofS3.map((fault) => fault.check)).toEqual([check]);
    expect(ofS3[0]?.status).toBe(['s3 cors', 's3 lifecycle'].includes(check) ? 'warning' : 'problem');
    expect(await unfinishedUploads(bucket)).toEqual([]);
  });

  describe('prints no secret', () => {
    const secrets = {
      AWS_ACCESS_KEY_ID: 'RECOGNISABLE-KEY-ID',
      AWS_SECRET_ACCESS_KEY: 'recognisable-secret-key',
      AWS_SESSION_TOKEN: 'recognisable-session-token',
      AUTH_JWT_SECRET: 'recognisable-jwt-secret-of-32-bytes-and-more',
      URL_SIGNING_SECRET: 'recognisable-url-secret-of-32-bytes-and-more',
    };
    const login = 'lectern:recognisable%40password';

    it.each<[string, () => Promise<Environment>]>([
      [
        "when the store's error repeats the request, and the database is unavailable",
        async () => {
          proxy.intercept = (request, response) => {
            const told = [JSON.stringify(request.headers), ...Object.values(secrets), 'recognisable@password'].join(
              ' ',
            );
            response.writeHead(403, { 'content-type': 'application/xml' });
            response.end(`<Error><Code>AccessDenied</Code><Message>${told}</Message></Error>`);
            return true;
          };
          const MONGODB_URI = `mongodb://${login}@127.0.0.1:${await freePort()}/lectern`;
          return { ...onS3, ...secrets, MONGODB_URI, S3_ENDPOINT: proxy.endpoint, TIMINGS: DATABASE_WAITS };
        },
      ],
      [
        'when the connection string is invalid',
        async () => ({ ...secrets, MONGODB_URI: `mongodb://${login}@127.0.0.1:x/l` }),
      ],
      ['when a setting is invalid', async () => ({ ...onS3, ...secrets, PORT: 'x' })],
      ['when a secret is too short', async () => ({ AUTH_JWT_SECRET: 'recognisable' })],
      ['when an endpoint contains a password', async () => ({ ...onS3, S3_ENDPOINT: `http://${login}@127.0.0.1:9` })],
    ])('%s', async (_case, wrong) => {
      const settings = { ...environment, ...(await wrong()) };
      const { exitCode, stdout, stderr } = await lectern(settings, 'doctor').finally(letThrough);
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^problem /m);
      expect(stdout + stderr).not.toMatch(/recognisable/i);
      expect(stdout + stderr).not.toMatch(/^\s+at /m);
    });

    it('when there is no fault', async () => {
      const { exitCode, stdout, stderr } = await lectern(onS3, 'doctor');
      expect(exitCode).toBe(0);
      for (const secret of [TEST_SECRET, inject('s3')!.accessKeyId, inject('s3')!.secretAccessKey]) {
        expect(stdout + stderr).not.toContain(secret);
      }
    });
  });
});
