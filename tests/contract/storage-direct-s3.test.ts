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

describe.skipIf(s3Server === null)('on a real S3 server', () => {
  describeDirectUploads('s3', async () => {
    const { bucket } = await makeBucket();
    const storage = s3Storage(bucket);
    return { storage, tearDown: () => storage.close() };
  });

  test('the object has the type and the session that it was begun with', async () => {
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

  test('URLs of parts lead to where clients reach the store', async () => {
    const { bucket } = await makeBucket();
    const storage = s3Storage(bucket, { publicEndpoint: 'https://cdn.example.com' });
    const upload = await begin(storage.direct, 100);
    const { url } = await storage.direct.signPart(upload, { number: 1, size: 100 }, new Date(Date.now() + 60_000));
    expect(new URL(url).origin).toBe('https://cdn.example.com');
    await storage.close();
  });
});

describe.skipIf(s3Server === null)('when the S3 store or the way to it fails', () => {
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
    ['the completion again, as this store does', passing],
    ['that there is no such upload', refusing(404, 'NoSuchUpload')],
    ['that there is no such key', refusing(404, 'NoSuchKey')],
    ['that the object is there', refusing(412, 'PreconditionFailed')],
  ])('a completion whose answer was lost is found out, the repeated one answered with %s', async (_what, again) => {
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
  });

  test.each([
    [404, 'NoSuchUpload'],
    [404, 'NoSuchKey'],
  ])('a completion that the store knows nothing of (%i %s) is gone, when no object is there', async (status, code) => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, status, code);
    await expect(storage.direct.complete(upload, parts, never)).rejects.toBeInstanceOf(UploadGoneError);
    await witness.direct.abort(upload);
  });

  test('the object of another session under the key is not taken for one of its own', async () => {
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

  test('a completion is unknown when the object cannot be looked at', async () => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => {
      if (isCompletion(request)) return refuse(request, response, 404, 'NoSuchUpload');
      return request.method === 'HEAD' && refuse(request, response, 503, 'SlowDown');
    };
    await expect(storage.direct.complete(upload, parts, never)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  test('a completion that is answered with status 200 and an error is repeated', async () => {
    const { upload, parts } = await uploaded();
    let completions = 0;
    proxy.intercept = (request, response) =>
      isCompletion(request) && ++completions === 1 && refuse(request, response, 200, 'InternalError');
    await storage.direct.complete(upload, parts, never);
    expect((await witness.stat(upload.key))?.size).toBe(100);
  });

  test('a completion that the store cannot carry out is not taken for gone while the upload is there', async () => {
    const { upload, parts } = await uploaded();
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, 500, 'InternalError');
    await expect(storage.direct.complete(upload, parts, never)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await witness.direct.complete(upload, parts, never);
    await expectWhole(witness, upload);
  });

  test('a completion ends when it is told to', async () => {
    const { upload, parts } = await uploaded();
    const caller = new AbortController();
    proxy.intercept = (request) => {
      if (!isCompletion(request)) return false;
      caller.abort(new Error('the server stops'));
      return true;
    };
    await expect(storage.direct.complete(upload, parts, caller.signal)).rejects.toThrow('the server stops');
  });

  test('an abort is repeated until the store no longer knows the upload', async () => {
    const { upload } = await uploaded();
    let aborts = 0;
    proxy.intercept = (request, response) => {
      if (request.method !== 'DELETE') return false;
      if (++aborts > 1) return false;
      // As Amazon answers while a part is on its way: taken, and yet to be repeated.
      request.resume().once('end', () => response.writeHead(204).end());
      return true;
    };
    await storage.direct.abort(upload);
    expect(aborts).toBe(3);
    expect(await unfinishedOf(witness, upload)).toEqual([]);
  });

  test('an abort after which the store still has parts is no success', async () => {
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

  test('every call is STORAGE_UNAVAILABLE when the store refuses the server', async () => {
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
