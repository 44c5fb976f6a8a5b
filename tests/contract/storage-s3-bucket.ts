import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { S3Storage, type S3StorageOptions } from '../../src/storage/s3/s3-storage.js';

export const s3Server = inject('s3');

/** Makes a bucket of its own on the test server. */
export async function makeBucket(): Promise<{ bucket: string; client: S3Client }> {
  const bucket = `lectern-${randomUUID()}`;
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: s3Server!.endpoint,
    forcePathStyle: true,
    credentials: s3Server!,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
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
