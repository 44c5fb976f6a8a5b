import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { S3Storage, type S3StorageOptions } from '../../src/storage/s3/s3-storage.js';
import { createBucket } from '../support/bucket.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';

export const s3Server = inject('s3');

/** Makes a new bucket on the test server. */
export async function makeBucket(): Promise<{ bucket: string; client: S3Client }> {
  const bucket = await createBucket();
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: s3Server!.endpoint,
    forcePathStyle: true,
    credentials: s3Server!,
  });
  return { bucket, client };
}

export function s3Storage(bucket: string, options: Partial<S3StorageOptions> = {}): S3Storage {
  return new S3Storage({
    bucket,
    region: 'us-east-1',
    endpoint: s3Server!.endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: s3Server!.accessKeyId, secretAccessKey: s3Server!.secretAccessKey },
    ...options,
  });
}

/** A bucket, and two storages on it. */
export interface BrokenWay {
  readonly bucket: string;
  readonly proxy: S3Proxy;
  /** Uses the bucket through a proxy that a test can make fail. */
  readonly storage: S3Storage;
  /** Uses the bucket directly, and so sees its real content. */
  readonly witness: S3Storage;
}

/** Gives the tests of the calling suite one bucket, and each test a new proxy. `made` is called before each test. */
export function useBrokenWay(made: (way: BrokenWay) => void): void {
  let bucket: string;
  let proxy: S3Proxy;
  let storage: S3Storage;
  let witness: S3Storage;
  beforeAll(async () => {
    bucket = (await makeBucket()).bucket;
    witness = s3Storage(bucket);
  });
  beforeEach(async () => {
    proxy = await startS3Proxy(s3Server!.endpoint);
    storage = s3Storage(bucket, { endpoint: proxy.endpoint });
    made({ bucket, proxy, storage, witness });
  });
  afterEach(async () => {
    await storage.close();
    proxy.close();
  });
}
