import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { waitUntil } from './patience.js';
import { answers } from './radosgw.js';

/** The S3 server starts while the first tests run. It takes about 10 s; in milliseconds. */
const START_MS = 90_000;

/** Creates a bucket on the S3 server of this run. Waits until the server has started. Returns the name of the bucket. */
export async function createBucket(): Promise<string> {
  const bucket = `lectern-${randomUUID()}`;
  await waitUntil(() => answers(inject('s3')!.endpoint), { within: START_MS, interval: 100 });
  await withS3((client) => client.send(new CreateBucketCommand({ Bucket: bucket })));
  return bucket;
}

/** Returns the keys of multipart uploads that were neither completed nor aborted. */
export async function unfinishedUploads(bucket: string): Promise<string[]> {
  const { Uploads = [] } = await withS3((client) => client.send(new ListMultipartUploadsCommand({ Bucket: bucket })));
  return Uploads.map(({ Key }) => Key ?? '');
}

/** Starts a multipart upload and does not finish it. */
export async function beginUpload(bucket: string, key: string): Promise<void> {
  await withS3((client) => client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key })));
}

export async function withS3<T>(work: (client: S3Client) => Promise<T>): Promise<T> {
  const s3 = inject('s3');
  if (s3 === null) throw new Error('This run has no S3 server.');
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}
