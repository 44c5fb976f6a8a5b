import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { generated, MIB } from './storage-bodies.js';
import { makeBucket, s3Server, s3Storage } from './storage-s3-bucket.js';
import { describeStorage, listed, newKey, putOptions, putText } from './storage.contract.js';

describe.skipIf(s3Server === null)('S3 storage on a real server', () => {
  describeStorage('s3', async () => {
    const { bucket, client } = await makeBucket();
    const storage = s3Storage(bucket);
    const leaveUnfinished = async (key: string): Promise<void> => {
      const object = { Bucket: bucket, Key: key };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
      await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * MIB) }));
    };
    const tearDown = async (): Promise<void> => {
      await storage.close();
      client.destroy();
    };
    return { storage, leaveUnfinished, tearDown };
  });

  test('lists and sweeps only objects and uploads of Lectern', async () => {
    const { bucket, client } = await makeBucket();
    const storage = s3Storage(bucket);
    await putText(storage, 'images/owner/a.png', 'x');
    for (const Key of ['README', 'images/README', 'images/owner/.hidden', 'images/owner/deep/file']) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'not ours' }));
    }
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'backup.tar' }));
    expect(await listed(storage.list(''))).toEqual(['images/owner/a.png']);
    expect(await storage.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000) })).toBe(0);
    await storage.close();
  });

  test('stores the content type with the object', async () => {
    const { bucket, client } = await makeBucket();
    const storage = s3Storage(bucket);
    const [small, large] = [newKey(), newKey()];
    await storage.put(small, generated(10), putOptions({ contentType: 'video/webm' }));
    await storage.put(large, generated(9 * MIB), putOptions({ contentType: 'video/webm' }));
    for (const Key of [small, large]) {
      const { ContentType } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
      expect(ContentType).toBe('video/webm');
    }
    await storage.close();
  });
});
