import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { startS3Proxy } from '../support/s3-proxy.js';
import { makeBucket, s3Server, s3Storage } from './storage-s3-bucket.js';
import { listed } from './storage.contract.js';

describe.skipIf(s3Server === null)('S3 storage on a real server', () => {
  test('lists more objects than one page holds, and deletes more than one request allows', async () => {
    const { bucket, client } = await makeBucket();
    const storage = s3Storage(bucket);
    const keys = Array.from({ length: 1001 }, (_, index) => `images/owner/${index}.png`);
    const waiting = [...keys];
    const put = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
      }
    };
    await Promise.all(Array.from({ length: 16 }, put));
    expect(await listed(storage.list(''))).toEqual([...keys].sort());
    const proxy = await startS3Proxy(s3Server!.endpoint);
    const counted = s3Storage(bucket, { endpoint: proxy.endpoint });
    await counted.delete(keys);
    expect(proxy.requests.map((request) => request.split(' ')[0])).toEqual(['POST', 'DELETE']);
    expect(await listed(storage.list(''))).toEqual([]);
    await counted.close();
    proxy.close();
    await storage.close();
  });
});
