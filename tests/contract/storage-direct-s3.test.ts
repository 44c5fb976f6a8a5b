import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { UploadGoneError, type DirectUpload, type StoredPart } from '../../src/storage/direct-uploads.js';
import type { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { type Intercept, passing, refuse, refusing, type S3Proxy } from '../support/s3-proxy.js';
import {
  begin,
  describeDirectUploads,
  expectWhole,
  never,
  partsOf,
  sendParts,
  unfinishedOf,
} from './storage-direct.contract.js';
import { makeBucket, s3Server, s3Storage, useBrokenWay } from './storage-s3-bucket.js';

describe.skipIf(s3Server === null)('direct uploads to a real S3 server', () => {
  describeDirectUploads('s3', async () => {
    const { bucket } = await makeBucket();
    const storage = s3Storage(bucket);
    return { storage, tearDown: () => storage.close() };
  });

  test('give the object the content type and the session id of the upload', async () => {
    const { bucket, client } = await makeBucket();
    const storage = s3Storage(bucket);
    const upload = await begin(storage.direct, 100);
    await sendParts(storage.direct, upload, [1]);
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: upload.key }));
    expect(head.ContentType).toBe('video/mp4');
    expect(head.Metadata).toEqual({ 'lectern-upload': upload.sessionId });
    await storage.close();
  });

  test('sign part URLs for the public endpoint', async () => {
    const { bucket } = await makeBucket();
    const storage = s3Storage(bucket, { publicEndpoint: 'https://cdn.example.com' });
    const upload = await begin(storage.direct, 100);
    const { url } = await storage.direct.signPart(upload, { number: 1, size: 100 }, new Date(Date.now() + 60_000));
    expect(new URL(url).origin).toBe('https://cdn.example.com');
    await storage.close();
  });
});

describe.skipIf(s3Server === null)('direct uploads to an S3 store that fails', () => {
  let proxy: S3Proxy;
  let storage: S3Storage;
  let witness: S3Storage;

  useBrokenWay((made) => ({ proxy, storage, witness } = made));

  const isCompletion = ({ method, url = '' }: IncomingMessage): boolean =>
    method === 'POST' && url.includes('uploadId');
  const uploaded = async (): Promise<{ upload: DirectUpload; parts: StoredPart[] }> => {
    const upload = await begin(witness.direct, 100);
    await sendParts(witness.direct, upload, [1]);
    return { upload, parts: await partsOf(witness.direct, upload) };
  };

  test.each<[string, Intercept]>([
    ['success, as this store answers', passing],
    ['NoSuchUpload', refusing(404, 'NoSuchUpload')],
    ['NoSuchKey', refusing(404, 'NoSuchKey')],
    ['PreconditionFailed', refusing(412, 'PreconditionFailed')],
  ])(
    'recognise a completed upload when the first reply was lost and the repeated call gets %s',
    async (_what, again) => {
      const { upload, parts } = await uploaded();
      let completions = 0;
      proxy.intercept = (request, response, passage) => {
        if (!isCompletion(request)) return false;
        if (++completions > 1) return again(request, response, passage);
        passage.passAndTruncate();
        return true;
      };
      await storage.direct.complete(upload, parts, never);
      expect(completions).toBe(2);
      await expectWhole(witness, upload);
      expect(await unfinishedOf(witness, upload)).toEqual([]);
    },
  );

  test.each([
    [404, 'NoSuchUpload'],
    [404, 'NoSuchKey'],
  ])('report an unknown upload (%i %s) as gone when there is no object', async (status, code) => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, status, code);
    await expect(storage.direct.complete(upload, parts, never)).rejects.toBeInstanceOf(UploadGoneError);
    await witness.direct.abort(upload);
  });

  test('do not accept the object of another session as completed', async () => {
    const { upload, parts } = await uploaded();
    await witness.direct.complete(upload, parts, never);
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, 404, 'NoSuchUpload');
    await storage.direct.complete(upload, parts, never);
    for (const other of [
      { ...upload, sessionId: 'another' },
      { ...upload, size: 101 },
    ]) {
      await expect(storage.direct.complete(other, parts, never)).rejects.toBeInstanceOf(UploadGoneError);
    }
  });

  test('report STORAGE_UNAVAILABLE when the object cannot be checked after a failed completion', async () => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => {
      if (isCompletion(request)) return refuse(request, response, 404, 'NoSuchUpload');
      return request.method === 'HEAD' && refuse(request, response, 503, 'SlowDown');
    };
    await expect(storage.direct.complete(upload, parts, never)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  test('repeat a completion that is answered with status 200 and an error', async () => {
    const { upload, parts } = await uploaded();
    let completions = 0;
    proxy.intercept = (request, response) =>
      isCompletion(request) && ++completions === 1 && refuse(request, response, 200, 'InternalError');
    await storage.direct.complete(upload, parts, never);
    expect((await witness.stat(upload.key))?.size).toBe(100);
  });

  test('do not report an upload as gone while the store still has it', async () => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, 500, 'InternalError');
    await expect(storage.direct.complete(upload, parts, never)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await witness.direct.complete(upload, parts, never);
    await expectWhole(witness, upload);
  });

  test('end a completion when it is aborted', async () => {
    const { upload, parts } = await uploaded();
    const caller = new AbortController();
    proxy.intercept = (request) => {
      if (!isCompletion(request)) return false;
      caller.abort(new Error('the server stops'));
      return true;
    };
    await expect(storage.direct.complete(upload, parts, caller.signal)).rejects.toThrow('the server stops');
  });

  test('repeat an abort until the store no longer knows the upload', async () => {
    const { upload } = await uploaded();
    let aborts = 0;
    proxy.intercept = (request, response) => {
      if (request.method !== 'DELETE') return false;
      if (++aborts > 1) return false;
      // As Amazon S3 answers while a part is being uploaded: accepted, but the abort has to be repeated.
      request.resume().once('end', () => response.writeHead(204).end());
      return true;
    };
    await storage.direct.abort(upload);
    expect(aborts).toBe(3);
    expect(await unfinishedOf(witness, upload)).toEqual([]);
  });

  test('fail to abort while the store still has parts', async () => {
    const { upload } = await uploaded();
    proxy.intercept = (request, response) => {
      if (request.method !== 'DELETE') return false;
      request.resume().once('end', () => response.writeHead(204).end());
      return true;
    };
    await expect(storage.direct.abort(upload)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    proxy.intercept = passing;
    await storage.direct.abort(upload);
  });

  test('fail with STORAGE_UNAVAILABLE in every call when the store denies access', async () => {
    const { upload, parts } = await uploaded();
    proxy.intercept = refusing(403, 'AccessDenied');
    const calls = [
      () => begin(storage.direct, 100),
      () => partsOf(storage.direct, upload),
      () => storage.direct.complete(upload, parts, never),
      () => storage.direct.abort(upload),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
