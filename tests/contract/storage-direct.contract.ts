import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  PartsChangedError,
  UploadGoneError,
  type DirectUpload,
  type DirectUploads,
  type PartToSign,
  type StoredPart,
} from '../../src/storage/direct-uploads.js';
import { sizeOfPart } from '../../src/storage/part-size.js';
import type { Storage, UnfinishedObject } from '../../src/storage/storage.js';
import { bytesOf, chunksOf, MIB, sha256Of } from './storage-bodies.js';
import { listed, newKey } from './storage.contract.js';

export interface DirectUploadsUnderTest {
  readonly storage: Storage & { readonly direct: DirectUploads };
  tearDown(): Promise<void>;
}

/** The smallest size that stores accept for a part other than the last. */
export const PART = 5 * MIB;

/** A body for an upload that has ended. It is short, so that every client can read the refusal. */
const LATE = Buffer.from('too late');

const LIFETIME_MS = 60_000;

export const soon = (): Date => new Date(Date.now() + LIFETIME_MS);
export const never = new AbortController().signal;
export const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('base64');

/** Begins an upload of `size` bytes under a new key. */
export async function begin(direct: DirectUploads, size: number, partSize = PART): Promise<DirectUpload> {
  const key = newKey();
  const sessionId = `session-of-${key}`;
  const uploadId = await direct.begin(key, { contentType: 'video/mp4', size, sessionId });
  return { key, uploadId, sessionId, size, partSize };
}

/** The bytes of the file, the same at each call. */
export function fileOf({ size }: DirectUpload): Buffer {
  return Buffer.concat([...chunksOf(size)]);
}

export function partOf(upload: DirectUpload, number: number): Buffer {
  const start = (number - 1) * upload.partSize;
  return fileOf(upload).subarray(start, start + sizeOfPart(number, upload.size, upload.partSize));
}

/** Sends a part as a client does: signs it, and sends the headers that signing returned. */
export async function send(
  direct: DirectUploads,
  upload: DirectUpload,
  number: number,
  body: Buffer,
  signed: Partial<PartToSign> = {},
): Promise<Response> {
  const part = { number, size: body.length, ...signed };
  const { method, url, headers } = await direct.signPart(upload, part, soon());
  return fetch(url, { method, headers: headers.map(({ name, value }) => [name, value]), body: new Uint8Array(body) });
}

/** Sends these parts of the file. */
export async function sendParts(
  direct: DirectUploads,
  upload: DirectUpload,
  numbers: readonly number[],
): Promise<void> {
  for (const number of numbers) {
    const answer = await send(direct, upload, number, partOf(upload, number));
    expect(answer.status, await answer.text()).toBe(200);
  }
}

export async function partsOf(direct: DirectUploads, upload: DirectUpload): Promise<StoredPart[]> {
  const parts: StoredPart[] = [];
  for await (const part of direct.listParts(upload)) parts.push(part);
  return parts;
}

/** Expects the object to equal the file byte for byte. */
export async function expectWhole(storage: Storage, { key, size }: DirectUpload): Promise<void> {
  expect(await sha256Of(await storage.open(key))).toBe(await sha256Of(chunksOf(size)));
}

export async function unfinishedOf(storage: Storage, { key }: DirectUpload): Promise<UnfinishedObject[]> {
  const found: UnfinishedObject[] = [];
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  for await (const unfinished of storage.unfinished(folder)) if (unfinished.belongsTo(key)) found.push(unfinished);
  return found;
}

/** The contract of every storage for direct uploads. */
export function describeDirectUploads(name: string, setUp: () => Promise<DirectUploadsUnderTest>): void {
  describe(`direct uploads to ${name} storage`, () => {
    let subject: DirectUploadsUnderTest;
    let storage: Storage;
    let direct: DirectUploads;

    beforeAll(async () => {
      subject = await setUp();
      ({ storage } = subject);
      ({ direct } = subject.storage);
    });
    afterAll(async () => {
      await subject.tearDown();
    });

    const expectRefused = async (answer: Response, ...statuses: number[]): Promise<void> => {
      expect(statuses, await answer.text()).toContain(answer.status);
    };
    const expectGone = async (upload: DirectUpload): Promise<void> => {
      await expect(partsOf(direct, upload)).rejects.toBeInstanceOf(UploadGoneError);
      await expectRefused(await send(direct, upload, 1, LATE), 404);
      expect(await unfinishedOf(storage, upload)).toEqual([]);
    };

    test('a file of one part becomes visible when it is completed, not before', async () => {
      const upload = await begin(direct, 15);
      await sendParts(direct, upload, [1]);
      expect(await storage.stat(upload.key)).toBeNull();
      expect(await listed(storage.list(upload.key))).toEqual([]);
      await direct.complete(upload, await partsOf(direct, upload), never);
      expect((await storage.stat(upload.key))?.size).toBe(15);
      await expectWhole(storage, upload);
    });

    test('a file of several parts sent in any order equals its parts, and nothing else is left', async () => {
      const upload = await begin(direct, 3 * PART + 7);
      await Promise.all([4, 2, 1, 3].map((number) => sendParts(direct, upload, [number])));
      const parts = await partsOf(direct, upload);
      expect(parts.map(({ number, size }) => [number, size])).toEqual([
        [1, PART],
        [2, PART],
        [3, PART],
        [4, 7],
      ]);
      expect((await unfinishedOf(storage, upload)).length).toBe(1);
      await direct.complete(upload, parts, never);
      await expectWhole(storage, upload);
      expect(await listed(storage.list(upload.key))).toEqual([upload.key]);
      await expectGone(upload);
    });

    test('the list of parts shows gaps, and the missing parts can be sent later', async () => {
      const upload = await begin(direct, 2 * PART + 1);
      expect(await partsOf(direct, upload)).toEqual([]);
      await sendParts(direct, upload, [1, 3]);
      expect((await partsOf(direct, upload)).map(({ number }) => number)).toEqual([1, 3]);
      await sendParts(direct, upload, [2]);
      await direct.complete(upload, await partsOf(direct, upload), never);
      await expectWhole(storage, upload);
    });

    test('a part of another size than the signed one is refused and not kept', async () => {
      const upload = await begin(direct, 100);
      for (const size of [99, 101, 0]) {
        await expectRefused(await send(direct, upload, 1, partOf(upload, 1), { size }), 400, 403);
      }
      expect(await partsOf(direct, upload)).toEqual([]);
    });

    test('a part needs the MD5 that was signed, in its header and in its bytes', async () => {
      const upload = await begin(direct, 100);
      const bytes = partOf(upload, 1);
      await expectRefused(await send(direct, upload, 1, bytes, { md5: md5Of(Buffer.from('other')) }), 400);
      const { url } = await direct.signPart(upload, { number: 1, size: 100, md5: md5Of(bytes) }, soon());
      await expectRefused(await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) }), 403);
      const headers = { 'content-md5': md5Of(Buffer.from('other')) };
      await expectRefused(await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) }), 403);
      expect(await partsOf(direct, upload)).toEqual([]);
      expect((await send(direct, upload, 1, bytes, { md5: md5Of(bytes) })).status).toBe(200);
      expect((await partsOf(direct, upload)).length).toBe(1);
    });

    test('a part that is sent again replaces the first', async () => {
      const upload = await begin(direct, 100);
      await send(direct, upload, 1, Buffer.alloc(100, 'a'));
      const [first] = await partsOf(direct, upload);
      await send(direct, upload, 1, Buffer.alloc(100, 'b'));
      const parts = await partsOf(direct, upload);
      expect(parts.length).toBe(1);
      expect(parts[0]?.etag).not.toBe(first?.etag);
      await expect(direct.complete(upload, [first!], never)).rejects.toBeInstanceOf(PartsChangedError);
      await direct.complete(upload, parts, never);
      expect((await bytesOf(await storage.open(upload.key))).toString()).toBe('b'.repeat(100));
    });

    test('two concurrent writers of one part never mix their bytes', async () => {
      const upload = await begin(direct, PART);
      const writers = ['a', 'b'].map((letter) => send(direct, upload, 1, Buffer.alloc(PART, letter)));
      const statuses = (await Promise.all(writers)).map(({ status }) => status);
      expect(statuses).toContain(200);
      for (const status of statuses) expect([200, 409]).toContain(status);
      await direct.complete(upload, await partsOf(direct, upload), never);
      const stored = await bytesOf(await storage.open(upload.key));
      expect([Buffer.alloc(PART, 'a'), Buffer.alloc(PART, 'b')].some((bytes) => bytes.equals(stored))).toBe(true);
    });

    test('a part URL is refused after it has expired, and when anything in it is changed', async () => {
      const upload = await begin(direct, 100);
      const other = await begin(direct, 100);
      const body = new Uint8Array(partOf(upload, 1));
      const part = { number: 1, size: 100 };
      const expired = await direct.signPart(upload, part, new Date(Date.now() + 1_000));
      const { url } = await direct.signPart(upload, part, soon());
      const altered = [
        url.replace(upload.key, other.key),
        url.replace(upload.uploadId, other.uploadId),
        ...[...new URL(url).searchParams].map(([name, value]) => {
          const changed = new URL(url);
          // x-id names the operation for the SDK. Stores ignore it, but the signature covers it.
          changed.searchParams.set(name, value === '1' ? '2' : `${value}1`);
          return changed.href;
        }),
      ];
      for (const changed of altered) {
        expect(changed).not.toBe(url);
        await expectRefused(await fetch(changed, { method: 'PUT', body }), 400, 403);
      }
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await fetch(url, { method });
        expect([403, 405], await answer.text()).toContain(answer.status);
      }
      while (Date.now() < expired.expiresAt.getTime() + 1_000) await new Promise((done) => setTimeout(done, 50));
      await expectRefused(await fetch(expired.url, { method: 'PUT', body }), 403);
      expect(await partsOf(direct, upload)).toEqual([]);
      expect(await partsOf(direct, other)).toEqual([]);
      expect((await fetch(url, { method: 'PUT', body })).status).toBe(200);
    });

    test('signPart returns when the URL expires, which is never later than asked', async () => {
      const upload = await begin(direct, 100);
      const asked = soon();
      const { expiresAt } = await direct.signPart(upload, { number: 1, size: 100 }, asked);
      expect(expiresAt.getTime()).toBeLessThanOrEqual(asked.getTime());
      expect(expiresAt.getTime()).toBeGreaterThan(asked.getTime() - 1_000);
    });

    test('an aborted upload has no parts, accepts none and cannot be completed; a second abort succeeds', async () => {
      const upload = await begin(direct, PART + 1);
      await sendParts(direct, upload, [1, 2]);
      const parts = await partsOf(direct, upload);
      await direct.abort(upload);
      await direct.abort(upload);
      await expectGone(upload);
      await expect(direct.complete(upload, parts, never)).rejects.toBeInstanceOf(UploadGoneError);
      expect(await storage.stat(upload.key)).toBeNull();
    });

    test('a part that arrives during an abort does not revive the upload', async () => {
      const upload = await begin(direct, PART);
      const sending = send(direct, upload, 1, partOf(upload, 1)).catch(() => null);
      await direct.abort(upload);
      await sending;
      await direct.abort(upload);
      await expectGone(upload);
    });

    test('a second completion succeeds, and a late part or abort does not change the object', async () => {
      const upload = await begin(direct, PART + 1);
      await sendParts(direct, upload, [1, 2]);
      const parts = await partsOf(direct, upload);
      const { url } = await direct.signPart(upload, { number: 1, size: LATE.length }, soon());
      await direct.complete(upload, parts, never);
      await direct.complete(upload, parts, never);
      await expectRefused(await fetch(url, { method: 'PUT', body: new Uint8Array(LATE) }), 404);
      await direct.abort(upload);
      await expectWhole(storage, upload);
      await expectGone(upload);
    });

    test('two concurrent completions make one object, and both succeed when repeated', async () => {
      const upload = await begin(direct, PART + 1);
      await sendParts(direct, upload, [1, 2]);
      const parts = await partsOf(direct, upload);
      const completions = await Promise.allSettled([1, 2].map(() => direct.complete(upload, parts, never)));
      for (const outcome of completions) {
        // A store may refuse one of two concurrent completions with STORAGE_UNAVAILABLE: it is repeated below.
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      }
      await direct.complete(upload, parts, never);
      await expectWhole(storage, upload);
      await expectGone(upload);
    });

    test('two uploads with the same key are separate, and a sweep of the key ends both', async () => {
      const upload = await begin(direct, 100);
      const options = { contentType: 'video/mp4', size: 100, sessionId: upload.sessionId };
      const again = { ...upload, uploadId: await direct.begin(upload.key, options) };
      expect(again.uploadId).not.toBe(upload.uploadId);
      await sendParts(direct, again, [1]);
      expect(await partsOf(direct, upload)).toEqual([]);
      const ids = (await unfinishedOf(storage, upload)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(2);
      expect(await storage.sweepUnfinished({ olderThan: soon(), key: upload.key })).toBe(2);
      await expectGone(upload);
      await expectGone(again);
    });

    test('a sweep keeps an upload that is newer than its limit', async () => {
      const upload = await begin(direct, 100);
      const olderThan = new Date(Date.now() - LIFETIME_MS);
      expect(await storage.sweepUnfinished({ olderThan, key: upload.key })).toBe(0);
      await sendParts(direct, upload, [1]);
      const [found] = await unfinishedOf(storage, upload);
      expect(Math.abs(found!.begunAt.getTime() - Date.now())).toBeLessThan(LIFETIME_MS);
    });

    test.each(['', 'a/b', '../b/c', 'a/b/..', 'a/b/c/d', 'a/b/c\0'])(
      '%j is refused as a key in every call',
      async (key) => {
        const upload: DirectUpload = { key, uploadId: 'x', sessionId: 's', size: 1, partSize: PART };
        const calls = [
          async () => direct.begin(key, { contentType: 'video/mp4', size: 1, sessionId: 's' }),
          async () => direct.signPart(upload, { number: 1, size: 1 }, soon()),
          async () => partsOf(direct, upload),
          async () => direct.complete(upload, [], never),
          async () => direct.abort(upload),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'InvalidObjectKeyError' });
      },
    );
  });
}
