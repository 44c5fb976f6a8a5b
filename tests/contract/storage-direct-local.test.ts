import { once } from 'node:events';
import { link, lstat, readdir, readFile, rename, unlink } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PartsChangedError, UploadGoneError, type DirectUpload } from '../../src/storage/direct-uploads.js';
import { LocalStorage } from '../../src/storage/local/local-storage.js';
import { patience, waitUntil } from '../support/patience.js';
import { bytesOf } from './storage-bodies.js';
import {
  begin,
  describeDirectUploads,
  expectWhole,
  md5Of,
  never,
  PART,
  partOf,
  partsOf,
  send,
  sendParts,
  soon,
  unfinishedOf,
} from './storage-direct.contract.js';
import { serveLocalStorage, type ServedLocalStorage } from './storage-local-server.js';

describeDirectUploads('local', () => serveLocalStorage());

describe('the files of a direct upload to local storage', () => {
  let served: ServedLocalStorage;
  let storage: LocalStorage;

  beforeAll(async () => {
    served = await serveLocalStorage();
    ({ storage } = served);
  });
  afterAll(() => served.tearDown());

  /** A second server on the same folder. */
  const another = (): LocalStorage =>
    new LocalStorage({ directory: served.directory, publicUrl: () => served.origin, tokens: served.tokens });
  const folderOf = ({ key }: DirectUpload): string => path.dirname(path.join(served.directory, key));
  const fileOf = async (upload: DirectUpload, ending: string): Promise<string> => {
    const name = (await readdir(folderOf(upload))).find((candidate) => candidate.endsWith(ending));
    return path.join(folderOf(upload), name!);
  };
  const uploaded = async (): Promise<DirectUpload> => {
    const upload = await begin(storage.direct, 2 * PART + 1);
    await sendParts(storage.direct, upload, [1, 2, 3]);
    return upload;
  };

  test('take up only the space of the parts that arrived, and are renamed, not copied, on completion', async () => {
    const upload = await begin(storage.direct, 1024 ** 4);
    await send(storage.direct, upload, 1000, Buffer.alloc(PART, 'x'));
    const bytes = await fileOf(upload, '.bytes');
    const { size, blocks } = await lstat(bytes);
    expect(size).toBe(1024 ** 4);
    expect(blocks * 512).toBeLessThan(2 * PART);
    await storage.direct.abort(upload);

    const whole = await uploaded();
    const { ino } = await lstat(await fileOf(whole, '.bytes'));
    await storage.direct.complete(whole, await partsOf(storage.direct, whole), never);
    const object = await lstat(path.join(served.directory, whole.key));
    expect(object.ino).toBe(ino);
    expect(object.nlink).toBe(1);
    expect(object.mode & 0o777).toBe(0o600);
    expect(await readdir(folderOf(whole))).toEqual(['lesson.mp4']);
  });

  test('are removed with their folder when the upload is aborted', async () => {
    const upload = await uploaded();
    await storage.direct.abort(upload);
    await expect(lstat(folderOf(upload))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(partsOf(storage.direct, upload)).rejects.toBeInstanceOf(UploadGoneError);
  });

  test('can be continued and completed by another server', async () => {
    const upload = await begin(storage.direct, PART + 1);
    await sendParts(storage.direct, upload, [1]);
    const restarted = another();
    expect((await partsOf(restarted.direct, upload)).map(({ number }) => number)).toEqual([1]);
    await sendParts(restarted.direct, upload, [2]);
    await restarted.direct.complete(upload, await partsOf(restarted.direct, upload), never);
    await expectWhole(storage, upload);
  });

  test.each<[string, (upload: DirectUpload) => Promise<void>]>([
    [
      'the upload was sealed',
      async (upload) => {
        const marks = await fileOf(upload, '.marks');
        await rename(marks, marks.replace(/marks$/, 'sealed'));
      },
    ],
    [
      'the object was linked',
      async (upload) => {
        const marks = await fileOf(upload, '.marks');
        await rename(marks, marks.replace(/marks$/, 'sealed'));
        await link(await fileOf(upload, '.bytes'), path.join(served.directory, upload.key));
      },
    ],
    [
      'the marks were removed',
      async (upload) => {
        await link(await fileOf(upload, '.bytes'), path.join(served.directory, upload.key));
        await unlink(await fileOf(upload, '.marks'));
      },
    ],
  ])('are completed by the next server when the first died after %s', async (_when, die) => {
    const upload = await uploaded();
    const parts = await partsOf(storage.direct, upload);
    await die(upload);
    await another().direct.complete(upload, parts, never);
    await expectWhole(storage, upload);
    expect(await readdir(folderOf(upload))).toEqual(['lesson.mp4']);
    expect(await unfinishedOf(storage, upload)).toEqual([]);
  });

  test('are not completed while a part is being rewritten, and accept no part while they are sealed', async () => {
    const upload = await uploaded();
    const parts = await partsOf(storage.direct, upload);
    const { url } = await storage.direct.signPart(upload, { number: 1, size: PART }, soon());
    const writer = startPart(url, PART);
    await writer.send(1000);
    await waitUntil(async () => (await partsOf(storage.direct, upload)).length === 2);
    await expect(another().direct.complete(upload, parts, never)).rejects.toBeInstanceOf(PartsChangedError);
    await writer.send(PART - 1000);
    expect(await writer.status()).toBe(200);

    const marks = await fileOf(upload, '.marks');
    await rename(marks, marks.replace(/marks$/, 'sealed'));
    expect((await send(storage.direct, upload, 1, Buffer.from('x'))).status).toBe(404);
    expect((await partsOf(storage.direct, upload)).length).toBe(3);
    await expect(storage.direct.complete(upload, parts, never)).rejects.toBeInstanceOf(PartsChangedError);
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    expect((await bytesOf(await storage.open(upload.key, { range: { start: 0, end: 9 } }))).toString()).toBe(
      'w'.repeat(10),
    );
  });

  test('do not replace an existing object', async () => {
    const upload = await uploaded();
    const again = { ...upload, uploadId: await storage.direct.begin(upload.key, { ...OPTIONS, size: 3 }), size: 3 };
    await send(storage.direct, again, 1, Buffer.from('abc'));
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    const completing = storage.direct.complete(again, await partsOf(storage.direct, again), never);
    await expect(completing).rejects.toThrow(/never be written twice/);
    await expectWhole(storage, upload);
    await storage.direct.abort(again);
    await expectWhole(storage, upload);
  });
});

const OPTIONS = { contentType: 'video/mp4', sessionId: 'session' };

describe('a part that is sent to local storage', () => {
  const SILENCE_MS = 300;
  let served: ServedLocalStorage;
  let storage: LocalStorage;

  beforeAll(async () => {
    served = await serveLocalStorage({ partSilence: SILENCE_MS });
    ({ storage } = served);
  });
  afterAll(() => served.tearDown());

  const urlOf = async (upload: DirectUpload, size: number, number = 1): Promise<string> =>
    (await storage.direct.signPart(upload, { number, size }, soon())).url;

  test('is listed only when it is complete, and reports whether its MD5 was signed', async () => {
    const upload = await begin(storage.direct, PART);
    const writer = startPart(await urlOf(upload, PART), PART);
    await writer.send(PART - 1);
    expect(await partsOf(storage.direct, upload)).toEqual([]);
    await writer.send(1);
    expect(await writer.status()).toBe(200);
    expect(await partsOf(storage.direct, upload)).toMatchObject([{ number: 1, size: PART, md5Signed: false }]);
    const bytes = Buffer.alloc(PART, 'w');
    await send(storage.direct, upload, 1, bytes, { md5: md5Of(bytes) });
    expect(await partsOf(storage.direct, upload)).toMatchObject([{ number: 1, size: PART, md5Signed: true }]);
  });

  test('is not listed when its client disconnects, and can be sent again at once', async () => {
    const upload = await begin(storage.direct, PART);
    const writer = startPart(await urlOf(upload, PART), PART);
    await writer.send(PART / 2);
    writer.leave();
    await waitUntil(async () => (await send(storage.direct, upload, 1, Buffer.alloc(PART, 'n'))).status === 200);
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    const stored = await bytesOf(await storage.open(upload.key));
    expect(stored.equals(Buffer.alloc(PART, 'n'))).toBe(true);
  });

  test('that was complete is no longer listed when a second attempt breaks off', async () => {
    const upload = await begin(storage.direct, PART);
    await sendParts(storage.direct, upload, [1]);
    const writer = startPart(await urlOf(upload, PART), PART);
    await writer.send(PART / 2);
    await waitUntil(async () => (await partsOf(storage.direct, upload)).length === 0);
    writer.leave();
    await waitUntil(async () => (await send(storage.direct, upload, 1, partOf(upload, 1))).status === 200);
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    await expectWhole(storage, upload);
  });

  describe.each(['the same server', 'another server'])('sent at the same time to %s', (where) => {
    const otherWith = (partSilence: number): Promise<ServedLocalStorage> =>
      where === 'the same server'
        ? serveLocalStorage({ partSilence })
        : serveLocalStorage({ partSilence }, served.directory);
    /** Two servers, or one server as both, and an upload of which the first is receiving a part. */
    const writing = async (silenceMs: number) => {
      const second = await otherWith(silenceMs);
      const first = where === 'the same server' ? second : served;
      const upload = await begin(first.storage.direct, PART);
      const { url } = await first.storage.direct.signPart(upload, { number: 1, size: PART }, soon());
      const writer = startPart(url, PART);
      await writer.send(1000);
      await waitUntil(async () => (await readMarkState(first, upload)) === 1);
      return { second, upload, writer };
    };

    test('is refused with CONFLICT while the first writer makes progress, and does not disturb it', async () => {
      const { second, upload, writer } = await writing(patience(60_000));
      const refused = await send(second.storage.direct, upload, 1, Buffer.from('short'));
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'CONFLICT', retryable: true } }] });
      await writer.send(PART - 1000);
      expect(await writer.status()).toBe(200);
      await second.storage.direct.complete(upload, await partsOf(second.storage.direct, upload), never);
      const stored = await bytesOf(await second.storage.open(upload.key));
      expect(stored.equals(Buffer.alloc(PART, 'w'))).toBe(true);
      await second.tearDown();
    });

    test('is accepted when the first writer has stalled, which then can write no more', async () => {
      const { second, upload, writer } = await writing(SILENCE_MS);
      const bytes = Buffer.alloc(PART, 's');
      await waitUntil(async () => (await send(second.storage.direct, upload, 1, bytes)).status === 200);
      // The first writer continues: its connection was closed, or it is refused.
      const came = await writer.send(PART - 1000).then(
        () => writer.status(),
        () => null,
      );
      expect([409, null]).toContain(came);
      const parts = await partsOf(second.storage.direct, upload);
      expect(parts).toMatchObject([{ number: 1, size: PART }]);
      await second.storage.direct.complete(upload, parts, never);
      expect((await bytesOf(await second.storage.open(upload.key))).equals(bytes)).toBe(true);
      await second.tearDown();
    });
  });

  test('needs the Content-Length that was signed', async () => {
    const upload = await begin(storage.direct, PART);
    const url = await urlOf(upload, 10);
    const chunked = http.request(url, { method: 'PUT' });
    chunked.write('0123456789');
    chunked.end();
    const [answer] = (await once(chunked, 'response')) as [http.IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(400);
    for (const body of ['012345678', '0123456789a']) {
      expect((await fetch(url, { method: 'PUT', body })).status).toBe(400);
    }
    expect(await partsOf(storage.direct, upload)).toEqual([]);
  });

  test('is refused with any other method, and no other path accepts PUT', async () => {
    const upload = await begin(storage.direct, PART);
    const url = await urlOf(upload, 3);
    for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) {
      const refused = await fetch(url, { method });
      expect(refused.status).toBe(405);
      expect(refused.headers.get('allow')).toBe('PUT');
    }
    const elsewhere = await fetch(url.replace('/files/uploads/', '/files/'), { method: 'PUT', body: 'abc' });
    expect(elsewhere.status).toBe(405);
    expect(elsewhere.headers.get('allow')).toBe('GET, HEAD');
  });

  test('cannot be sent with a token for reading, and its token cannot read', async () => {
    const upload = await begin(storage.direct, 3);
    const signedAt = new Date();
    const life = { signedAt, expiresAt: soon(), disposition: 'inline', contentType: 'video/mp4' };
    const { url: reading } = storage.signGet(upload.key, life);
    const uploadUrl = await urlOf(upload, 3);
    await sendParts(storage.direct, upload, [1]);
    await storage.direct.complete(upload, await partsOf(storage.direct, upload), never);
    const put = await fetch(reading.replace('/files/', '/files/uploads/'), { method: 'PUT', body: 'abc' });
    expect(put.status).toBe(403);
    expect((await fetch(uploadUrl.replace('/files/uploads/', '/files/'))).status).toBe(403);
  });
});

/** Returns the state of part 1 on disk: 0 when there is none, 1 while it is being written, 2 when it is complete. */
async function readMarkState({ storage, directory }: ServedLocalStorage, upload: DirectUpload): Promise<number> {
  const [found] = await unfinishedOf(storage, upload);
  const marks = await readFile(path.join(directory, found!.name.replace(/bytes$/, 'marks')));
  return marks[0] ?? 0;
}

/** A client that sends a part in pieces. */
function startPart(url: string, size: number) {
  const request = http.request(url, { method: 'PUT', headers: { 'content-length': size } });
  const answered = new Promise<number | null>((resolve) => {
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    request.once('close', () => resolve(null));
  });
  request.on('error', () => undefined);
  request.flushHeaders();
  return {
    send: (count: number): Promise<void> =>
      new Promise((resolve, reject) => {
        request.write(Buffer.alloc(count, 'w'), (error) => (error ? reject(error) : resolve()));
      }),
    /** Resolves with null when the connection was closed without an answer. */
    status: (): Promise<number | null> => {
      request.end();
      return answered;
    },
    leave: () => request.destroy(),
  };
}
