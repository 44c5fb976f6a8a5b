import { GetObjectCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DirectUpload, PartToSign } from '../../src/storage/direct-uploads.js';
import { isObjectKey } from '../../src/storage/object-key.js';
import { Presigner } from '../../src/storage/s3/presign.js';
import { type S3Credentials, S3Storage, type S3StorageOptions } from '../../src/storage/s3/s3-storage.js';
import { volume } from '../support/scope.js';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const TEMPORARY = { ...KEYS, sessionToken: 'IQoJb3JpZ2luX2VjE/+=//' };
const DAY = 24 * 60 * 60;

const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 });

const amazon: S3StorageOptions = { bucket: 'media', region: 'eu-central-1', forcePathStyle: false, credentials: KEYS };
const STORES: Record<string, S3StorageOptions> = {
  'Amazon, by host name': amazon,
  'Amazon, by path': { ...amazon, forcePathStyle: true },
  'a bucket with dots in its name': { ...amazon, bucket: 'media.example.com' },
  'the oldest region': { ...amazon, region: 'us-east-1' },
  'a region in China': { ...amazon, region: 'cn-north-1' },
  'temporary credentials': { ...amazon, credentials: TEMPORARY },
  'another S3-compatible store': { ...amazon, endpoint: 'http://127.0.0.1:9000', forcePathStyle: true },
  'a store by host name and port': { ...amazon, endpoint: 'https://s3.example.com:8443' },
  'a store below a path': { ...amazon, endpoint: 'https://example.com/s3/', forcePathStyle: true },
};

function sdkClient(options: S3StorageOptions): S3Client {
  return new S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    credentials: options.credentials!,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(options.endpoint === undefined ? {} : { endpoint: options.publicEndpoint ?? options.endpoint }),
  });
}

/** Signs with the SDK: slow, and the reference. */
async function bySdk(options: S3StorageOptions, key: string, life: Life): Promise<string> {
  const client = sdkClient(options);
  const command = new GetObjectCommand({
    Bucket: options.bucket,
    Key: key,
    ResponseContentDisposition: life.disposition,
    ResponseContentType: life.contentType,
  });
  const expiresIn = Math.floor(life.expiresAt.getTime() / 1000) - Math.floor(life.signedAt.getTime() / 1000);
  const url = await getSignedUrl(client, command, { signingDate: life.signedAt, expiresIn });
  client.destroy();
  return url;
}

/** Signs a part with the SDK. */
async function partBySdk(options: S3StorageOptions, upload: Upload, part: PartToSign, life: Life): Promise<string> {
  const client = sdkClient(options);
  const command = new UploadPartCommand({
    Bucket: options.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumber: part.number,
    ContentLength: part.size,
    ...(part.md5 === undefined ? {} : { ContentMD5: part.md5 }),
  });
  const expiresIn = Math.floor(life.expiresAt.getTime() / 1000) - Math.floor(life.signedAt.getTime() / 1000);
  const url = await getSignedUrl(client, command, {
    signingDate: life.signedAt,
    expiresIn,
    signableHeaders: new Set(['host', 'content-length', 'content-md5']),
  });
  client.destroy();
  return url;
}

type Upload = Pick<DirectUpload, 'key' | 'uploadId'>;

interface Life {
  readonly signedAt: Date;
  readonly expiresAt: Date;
  readonly disposition: string;
  readonly contentType: string;
}

function lifeOf(seconds: number, disposition = 'inline', contentType = 'video/mp4'): Life {
  const signedAt = new Date('2026-03-01T10:20:30.400Z');
  return { signedAt, expiresAt: new Date(signedAt.getTime() + seconds * 1000), disposition, contentType };
}

describe("a presigned GET URL equals the SDK's byte for byte", () => {
  test.each(Object.entries(STORES))('for %s', async (_, options) => {
    const storage = new S3Storage(options);
    for (const name of [
      'lesson-a1b2c3d4.mp4',
      "it's (1) *final*!.mp4",
      'a+b&c=d?e#f;g@h:i,j$k.mp4',
      'Übung 視頻 🎬.mp4',
    ]) {
      const life = lifeOf(900, `attachment; filename="a b+c.mp4"; filename*=UTF-8''%C3%9Cbung%20(1).mp4`);
      const key = `videos/018f2f4e/${name}`;
      expect((await storage.signGet(key, life)).url).toBe(await bySdk(options, key, life));
    }
    await storage.close();
  });

  test('for any key, disposition, type and lifetime', async () => {
    const storage = new S3Storage(amazon);
    const segment = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
    const key = fc
      .tuple(segment, segment, segment)
      .map((parts) => parts.join('/'))
      .filter(isObjectKey);
    const header = fc.string({ maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        key,
        header,
        header,
        fc.integer({ min: 1, max: 7 * DAY }),
        async (anyKey, disposition, type, seconds) => {
          const life = lifeOf(seconds, disposition, type);
          expect((await storage.signGet(anyKey, life)).url).toBe(await bySdk(amazon, anyKey, life));
        },
      ),
      { numRuns: volume(50, 300) },
    );
    await storage.close();
  });
});

describe('a presigned URL for a part', () => {
  const md5 = createHash('md5').update('part').digest('base64');
  const presignerOf = (options: S3StorageOptions, life: Life): Presigner =>
    new Presigner({
      credentials: async () => options.credentials as S3Credentials,
      region: options.region,
      bucketUrl: new URL(new S3Storage(options).canonicalUrl('a/b/c').replace(/\/a\/b\/c$/, '')),
      now: () => life.signedAt.getTime(),
    });

  test.each(Object.entries(STORES))("equals the SDK's for %s", async (_, options) => {
    const life = lifeOf(900);
    const presigner = presignerOf(options, life);
    const upload = { key: 'videos/018f2f4e/Übung 視頻 (1).mp4', uploadId: '2~a+b/c=d&e_-.~' };
    for (const part of [
      { number: 1, size: 1 },
      { number: 10_000, size: 5 * 1024 ** 3, md5 },
    ]) {
      const { url, headers, method, expiresAt } = await presigner.signPart(upload, part, life.expiresAt);
      expect(url).toBe(await partBySdk(options, upload, part, life));
      expect(headers).toEqual(part.md5 === undefined ? [] : [{ name: 'content-md5', value: md5 }]);
      expect(method).toBe('PUT');
      expect(Math.floor(life.expiresAt.getTime() / 1000) * 1000).toBe(expiresAt.getTime());
    }
  });

  test("equals the SDK's for any key, upload, part and lifetime", async () => {
    const options = { ...amazon, credentials: TEMPORARY };
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(printable, printable, printable)
          .map((parts) => parts.join('/'))
          .filter(isObjectKey),
        printable,
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 5 * 1024 ** 3 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 7 * DAY }),
        async (key, uploadId, number, size, hasMd5, seconds) => {
          const life = lifeOf(seconds);
          const part = { number, size, ...(hasMd5 ? { md5 } : {}) };
          const { url } = await presignerOf(options, life).signPart({ key, uploadId }, part, life.expiresAt);
          expect(url).toBe(await partBySdk(options, { key, uploadId }, part, life));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('takes less than a second of CPU time for 10,000 parts', async () => {
    const life = lifeOf(900);
    const presigner = presignerOf(amazon, life);
    const upload = { key: 'videos/owner/lesson.mp4', uploadId: '2~upload' };
    const begun = process.cpuUsage();
    const urls = new Set<string>();
    for (let number = 1; number <= 10_000; number++)
      urls.add((await presigner.signPart(upload, { number, size: 8 * 1024 ** 2, md5 }, life.expiresAt)).url);
    const { user, system } = process.cpuUsage(begun);
    expect(urls.size).toBe(10_000);
    // CPU time of this process, in microseconds, so that the test also passes on a busy machine.
    expect(user + system).toBeLessThan(1_000_000);
  });

  test('expires with temporary credentials at the latest', async () => {
    const life = lifeOf(900);
    const expiration = new Date(life.signedAt.getTime() + 60_000);
    const presigner = new Presigner({
      credentials: async () => ({ ...TEMPORARY, expiration }),
      region: 'eu-central-1',
      bucketUrl: new URL('https://media.example.com'),
      now: () => life.signedAt.getTime(),
    });
    const upload = { key: 'a/b/c', uploadId: 'u' };
    const { url, expiresAt } = await presigner.signPart(upload, { number: 1, size: 1 }, life.expiresAt);
    expect(expiresAt).toEqual(new Date(Math.floor(expiration.getTime() / 1000) * 1000));
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('60');
  });
});

const words = fc.stringMatching(/^[A-Za-z0-9+/=]{16,60}$/);

describe('the presigner', () => {
  test('signs like the SDK for any keys, expiries, regions and session tokens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(printable, printable, printable)
          .map((parts) => parts.join('/'))
          .filter(isObjectKey),
        fc.integer({ min: 1, max: 7 * DAY }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
        fc.constantFrom('us-east-1', 'eu-central-1', 'ap-southeast-2', 'us-gov-west-1', 'cn-north-1'),
        fc.record(
          { accessKeyId: words, secretAccessKey: words, sessionToken: words },
          { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
        ),
        async (key, seconds, signedAt, region, credentials) => {
          const options: S3StorageOptions = { ...amazon, region, credentials };
          const storage = new S3Storage(options);
          const life = { ...lifeOf(1), signedAt, expiresAt: new Date(signedAt.getTime() + seconds * 1000) };
          expect((await storage.signGet(key, life)).url).toBe(await bySdk(options, key, life));
          await storage.close();
        },
      ),
      { numRuns: volume(100, 1_000) },
    );
    // The time is that of the SDK, which needs a client for each URL.
  }, 120_000);

  const bucketUrl = new URL('https://media.s3.eu-central-1.amazonaws.com');

  test('reads the credentials once a second', async () => {
    let now = 1_000_000;
    let looks = 0;
    const credentials = async () => ({ ...KEYS, accessKeyId: `AKID${++looks}` });
    const presigner = new Presigner({ credentials, region: 'eu-central-1', bucketUrl, now: () => now });
    const keyIdOf = async (): Promise<string | undefined> => {
      const { url } = await presigner.signGet('a/b/c', lifeOf(60));
      return new URL(url).searchParams.get('X-Amz-Credential')?.split('/')[0];
    };
    const keyIds = new Set(await Promise.all(Array.from({ length: 1_000 }, keyIdOf)));
    expect([...keyIds]).toEqual(['AKID1']);
    now += 999;
    expect(await keyIdOf()).toBe('AKID1');
    now += 1;
    expect(await keyIdOf()).toBe('AKID2');
  });

  test('caches the signing key per secret and day', async () => {
    let secret = 0;
    let now = 0;
    const credentials = async () => ({ ...KEYS, secretAccessKey: `secret-${secret}` });
    const presigner = new Presigner({ credentials, region: 'eu-central-1', bucketUrl, now: () => (now += 2_000) });
    for (const [index, day] of [...Array(20).keys()].entries()) {
      secret = index % 3;
      const signedAt = new Date(Date.UTC(2026, 0, 1 + (day % 5)));
      const life = { ...lifeOf(60), signedAt, expiresAt: new Date(signedAt.getTime() + 60_000) };
      const expected = await bySdk({ ...amazon, credentials: await credentials() }, 'a/b/c', life);
      expect((await presigner.signGet('a/b/c', life)).url).toBe(expected);
    }
  });

  test('fails with STORAGE_UNAVAILABLE while there are no credentials, and tries again at the next call', async () => {
    const reasons = [new Error('no role'), new TypeError('no answer of the instance')];
    const credentials = () => {
      const reason = reasons.shift();
      return reason === undefined ? Promise.resolve(KEYS) : Promise.reject(reason);
    };
    const presigner = new Presigner({ credentials, region: 'eu-central-1', bucketUrl, now: () => 0 });
    for (const message of ['no role', 'no answer of the instance']) {
      const signing = presigner.signGet('a/b/c', lifeOf(60));
      await expect(signing).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { message } });
    }
    expect((await presigner.signGet('a/b/c', lifeOf(60))).url).toContain('X-Amz-Signature=');
  });

  test('are waited for once, and then used without a promise until a second has passed', async () => {
    let now = 0;
    let asked = 0;
    const credentials = async () => ({ ...KEYS, accessKeyId: `KEY${asked++}` });
    const presigner = new Presigner({ credentials, region: 'eu-central-1', bucketUrl, now: () => now });
    const first = presigner.signGet('a/b/c', lifeOf(60));
    expect(first).toBeInstanceOf(Promise);
    expect((await first).url).toContain('KEY0');
    expect(presigner.signGet('a/b/c', lifeOf(60))).toEqual(await first);
    now = 1_000;
    expect((await presigner.signGet('a/b/c', lifeOf(60))).url).toContain('KEY1');
  });
});

describe('a signed S3 URL', () => {
  const key = 'videos/owner/lesson.mp4';

  test('uses the public endpoint', async () => {
    const storage = new S3Storage({
      ...amazon,
      endpoint: 'http://minio:9000',
      publicEndpoint: 'https://cdn.example.com',
      forcePathStyle: true,
    });
    expect(storage.canonicalUrl(key)).toBe('https://cdn.example.com/media/videos/owner/lesson.mp4');
    expect((await storage.signGet(key, lifeOf(60))).url.startsWith(`${storage.canonicalUrl(key)}?`)).toBe(true);
  });

  test('begins with the canonical URL of the object', () => {
    const urlOf = (options: Partial<S3StorageOptions>): string =>
      new S3Storage({ ...amazon, ...options }).canonicalUrl('a/b/c d.mp4');
    expect(urlOf({})).toBe('https://media.s3.eu-central-1.amazonaws.com/a/b/c%20d.mp4');
    expect(urlOf({ forcePathStyle: true })).toBe('https://s3.eu-central-1.amazonaws.com/media/a/b/c%20d.mp4');
  });

  test('expires at a whole second, no later than asked, and returns that time', async () => {
    const storage = new S3Storage(amazon);
    const signedAt = new Date('2026-03-01T10:20:30.400Z');
    const expiresAt = new Date('2026-03-01T10:21:00.900Z');
    const { url, expiresAt: real } = await storage.signGet(key, { ...lifeOf(1), signedAt, expiresAt });
    expect(real).toEqual(new Date('2026-03-01T10:21:00.000Z'));
    expect(new URL(url).searchParams.get('X-Amz-Date')).toBe('20260301T102030Z');
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('30');
  });

  test('expires with the temporary credentials at the latest', async () => {
    const expiration = new Date('2026-03-01T10:20:40.999Z');
    const storage = new S3Storage({ ...amazon, credentials: async () => ({ ...TEMPORARY, expiration }) });
    const { url, expiresAt } = await storage.signGet(key, lifeOf(900));
    expect(expiresAt).toEqual(new Date('2026-03-01T10:20:40.000Z'));
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('10');
  });

  test('expires after seven days at the latest, the maximum of S3', async () => {
    const { url, expiresAt } = await new S3Storage(amazon).signGet(key, lifeOf(30 * DAY));
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe(String(7 * DAY));
    expect(expiresAt).toEqual(new Date('2026-03-08T10:20:30.000Z'));
  });

  test('is refused for less than a second', async () => {
    const sign = async () => new S3Storage(amazon).signGet(key, lifeOf(0.1));
    await expect(sign()).rejects.toThrow(RangeError);
  });
});
