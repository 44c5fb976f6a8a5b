import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Storage } from '../../src/storage/storage.js';
import { chunksOf, generated, MIB, pausingAfter, sha256Of } from './storage-bodies.js';
import { s3Server, s3Storage, useBrokenWay } from './storage-s3-bucket.js';
import { type Intercept, passing, refuse, refusing, type S3Proxy } from '../support/s3-proxy.js';
import { newKey, putOptions } from './storage.contract.js';

const isCompletion = ({ method, url = '' }: IncomingMessage): boolean => method === 'POST' && url.includes('uploadId');

describe.skipIf(s3Server === null)('S3 storage: the completion of a multipart put', () => {
  const SIZE = 9 * MIB;
  let proxy: S3Proxy;
  let storage: Storage;
  let witness: Storage;

  useBrokenWay((made) => ({ proxy, storage, witness } = made));

  /** The first completion is carried out but its reply is lost; `again` answers the repeated calls. */
  const losing = (again: Intercept): void => {
    let completions = 0;
    proxy.intercept = (request, response, passage) => {
      if (!isCompletion(request)) return false;
      if (++completions > 1) return again(request, response, passage);
      passage.passAndTruncate();
      return true;
    };
  };
  const expectStored = async (key: string): Promise<void> => {
    expect(await sha256Of(await witness.open(key))).toBe(await sha256Of(chunksOf(SIZE)));
    expect(await witness.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000), key })).toBe(0);
  };

  test.each<[string, Intercept]>([
    ['success, as this store answers', passing],
    ['NoSuchUpload', refusing(404, 'NoSuchUpload')],
    ['NoSuchKey', refusing(404, 'NoSuchKey')],
    ['PreconditionFailed', refusing(412, 'PreconditionFailed')],
  ])('succeeds when its reply is lost and the repeated call gets %s', async (_what, again) => {
    losing(again);
    const key = newKey();
    await storage.put(key, generated(SIZE), putOptions());
    await expectStored(key);
    expect(proxy.requests.filter((request) => request.startsWith('POST') && request.includes('uploadId'))).toHaveLength(
      2,
    );
  });

  test('is repeated when it is answered with status 200 and an error', async () => {
    let completions = 0;
    proxy.intercept = (request, response) =>
      isCompletion(request) && ++completions === 1 && refuse(request, response, 200, 'InternalError');
    const key = newKey();
    await storage.put(key, generated(SIZE), putOptions());
    await expectStored(key);
  });

  test("fails when another client ended the upload, and does not accept another upload's object as its own", async () => {
    const key = newKey();
    let others: Promise<void> | undefined;
    proxy.intercept = (request, response) => {
      if (!isCompletion(request)) return false;
      others ??= witness.put(key, generated(SIZE), putOptions());
      void others.then(() => refuse(request, response, 404, 'NoSuchUpload'));
      return true;
    };
    await expect(storage.put(key, generated(SIZE), putOptions())).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await witness.delete([key]);
  });

  test('fails when the upload is gone and there is no object', async () => {
    proxy.intercept = (request, response) => isCompletion(request) && refuse(request, response, 404, 'NoSuchUpload');
    const key = newKey();
    await expect(storage.put(key, generated(SIZE), putOptions())).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(await witness.stat(key)).toBeNull();
  });

  test('fails with STORAGE_UNAVAILABLE when the object cannot be checked', async () => {
    losing(refusing(404, 'NoSuchUpload'));
    const { intercept } = proxy;
    proxy.intercept = (request, response, passage) =>
      request.method === 'HEAD' ? refuse(request, response, 503, 'SlowDown') : intercept(request, response, passage);
    const putting = storage.put(newKey(), generated(SIZE), putOptions());
    await expect(putting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

describe.skipIf(s3Server === null)('S3 storage: a multipart put', () => {
  const SIZE = 60 * MIB;
  let proxy: S3Proxy;
  let storage: Storage;
  let witness: Storage;

  useBrokenWay((made) => ({ proxy, storage, witness } = made));

  test('stores the bytes of every part, also of those that are sent again', async () => {
    const refused = new Set<string>();
    proxy.intercept = (request, response) => {
      const [part] = /partNumber=\d/.exec(request.url ?? '') ?? [];
      if (part === undefined || refused.has(part)) return false;
      refused.add(part);
      return refuse(request, response, 503, 'SlowDown');
    };
    const key = newKey();
    await storage.put(key, generated(SIZE), putOptions({ ownsChunks: true }));
    expect(refused.size).toBe(8);
    expect(await sha256Of(await witness.open(key))).toBe(await sha256Of(chunksOf(SIZE)));
  });
});

describe.skipIf(s3Server === null)('S3 storage: a put fails', () => {
  let bucket: string;
  let proxy: S3Proxy;
  let storage: Storage;
  let witness: Storage;

  useBrokenWay((made) => ({ bucket, proxy, storage, witness } = made));

  const expectNothingLeft = async (key: string): Promise<void> => {
    expect(await witness.stat(key)).toBeNull();
    expect(await witness.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000), key })).toBe(0);
  };

  const failing = (part: string): void => {
    proxy.intercept = (request, response) =>
      (request.url ?? '').includes(part) && refuse(request, response, 500, 'InternalError');
  };

  test.each(['uploads', 'partNumber=2'])(
    'at the first failing request (%s), without reading on, and leaves no part',
    async (part) => {
      failing(part);
      const key = newKey();
      let read = 0;
      const body = Readable.from(
        (function* () {
          for (const chunk of chunksOf(200 * MIB)) {
            read += chunk.length;
            yield chunk;
          }
        })(),
        { objectMode: false },
      );
      await expect(storage.put(key, body, putOptions())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(read).toBeLessThan(50 * MIB);
      expect(body.destroyed).toBe(true);
      await expectNothingLeft(key);
    },
  );

  test('while its body waits for a client that sends nothing', async () => {
    failing('partNumber=1');
    const { body } = pausingAfter(17 * MIB);
    await expect(storage.put(newKey(), body, putOptions())).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(body.destroyed).toBe(true);
  });

  test('soon after a refused part, although the store does not answer to another part', async () => {
    proxy.intercept = (request, response) => {
      if ((request.url ?? '').includes('partNumber=1')) return refuse(request, response, 403, 'AccessDenied');
      return (request.url ?? '').includes('partNumber=2');
    };
    const resigned = s3Storage(bucket, {
      endpoint: proxy.endpoint,
      timings: { s3Connect: 300, s3Idle: 60_000, s3GiveUp: 300 },
    });
    const key = newKey();
    const putting = resigned.put(key, generated(20 * MIB), putOptions());
    await expect(putting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { name: 'AccessDenied' } });
    await expectNothingLeft(key);
    await resigned.close();
  });

  test('with its body, and aborts the upload only when the part in flight has ended', async () => {
    let release = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      proxy.intercept = (request, _response, { pass }) => {
        if (!(request.url ?? '').includes('partNumber=1')) return false;
        release = pass;
        resolve();
        return true;
      };
    });
    const key = newKey();
    const { body } = pausingAfter(9 * MIB);
    const putting = storage.put(key, body, putOptions());
    putting.catch(() => undefined);
    await arrived;
    body.destroy(new Error('the client left'));
    // This request arrives after an abort that does not wait.
    await storage.stat(newKey());
    expect(proxy.requests.filter((request) => request.startsWith('DELETE'))).toEqual([]);
    release();
    await expect(putting).rejects.toThrow('the client left');
    await expectNothingLeft(key);
  });

  test('when its completion fails, and leaves no part', async () => {
    proxy.intercept = (request, response) => {
      const completes = request.method === 'POST' && (request.url ?? '').includes('uploadId');
      return completes && refuse(request, response, 200, 'InternalError');
    };
    const key = newKey();
    const putting = storage.put(key, generated(9 * MIB), putOptions());
    await expect(putting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expectNothingLeft(key);
  });

  test('when the store denies access, with one part and with several', async () => {
    proxy.intercept = (request, response) => request.method === 'PUT' && refuse(request, response, 403, 'AccessDenied');
    for (const size of [10, 9 * MIB]) {
      const putting = storage.put(newKey(), generated(size), putOptions());
      await expect(putting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { name: 'AccessDenied' } });
    }
  });

  test.each([10, 9 * MIB])(
    'when it is aborted during its last request (%i bytes), and deletes the object',
    async (size) => {
      const key = newKey();
      const caller = new AbortController();
      proxy.intercept = (request) => {
        const isLast =
          size < MIB ? request.method === 'PUT' : request.method === 'POST' && (request.url ?? '').includes('uploadId');
        if (isLast) caller.abort(new Error('the client left'));
        return false;
      };
      const putting = storage.put(key, generated(size), putOptions({ signal: caller.signal }));
      await expect(putting).rejects.toThrow('the client left');
      await expectNothingLeft(key);
    },
  );

  test('with STORAGE_UNAVAILABLE when an object that was stored despite an abort cannot be deleted', async () => {
    const caller = new AbortController();
    proxy.intercept = (request, response) => {
      if (request.method === 'PUT') caller.abort();
      return request.method === 'DELETE' && refuse(request, response, 503, 'SlowDown');
    };
    const putting = storage.put(newKey(), generated(10), putOptions({ signal: caller.signal }));
    await expect(putting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
