import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ListedObject, ObjectNotFoundError, type PutOptions, type Storage } from '../../src/storage/storage.js';
import { bytesOf, chunksOf, generated, MIB, sha256Of, textOf } from './storage-bodies.js';
import { describePutFailures } from './storage-put.contract.js';
import { describeSignedUrls } from './storage-urls.contract.js';

/** An empty storage, and what a test needs from its kind of store. */
export interface StorageUnderTest {
  readonly storage: Storage;
  /** Leaves what a put leaves when its process is killed half-way. */
  leaveUnfinished(key: string): Promise<void>;
  tearDown(): Promise<void>;
}

/** A key that no other test writes. */
export function newKey(name = 'lesson.mp4'): string {
  return `videos/${randomUUID()}/${name}`;
}

export function putOptions(options: Partial<PutOptions> = {}): PutOptions {
  return { contentType: 'video/mp4', maxBytes: 100 * MIB, signal: new AbortController().signal, ...options };
}

export async function putText(storage: Storage, key: string, text: string): Promise<void> {
  await storage.put(key, Readable.from([Buffer.from(text)]), putOptions());
}

export async function listed(objects: AsyncIterable<ListedObject>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys.sort();
}

const INVALID_KEYS = [
  '',
  '/a/b/c',
  'a/b',
  'a/b/c/d',
  'a//c',
  'a/../c',
  'a/b/..',
  './b/c',
  'a/b/c\0',
  'a/b\\c/d',
  'a/b/%2e',
];

/** The contract of every storage. */
export function describeStorage(name: string, setUp: () => Promise<StorageUnderTest>): void {
  describe(`${name} storage`, () => {
    let subject: StorageUnderTest;
    let storage: Storage;

    beforeAll(async () => {
      subject = await setUp();
      storage = subject.storage;
    });
    afterAll(async () => {
      await subject.tearDown();
    });

    describe('put, open and stat', () => {
      test('return the same bytes, with size and time', async () => {
        const key = newKey();
        const before = Date.now();
        await putText(storage, key, 'moving pictures');
        expect(await textOf(await storage.open(key))).toBe('moving pictures');
        const stat = await storage.stat(key);
        expect(stat?.size).toBe(15);
        expect(Math.abs(stat!.modifiedAt.getTime() - before)).toBeLessThan(10_000);
      });

      test.each([0, 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])('keep a body of %i bytes complete', async (size) => {
        const key = newKey();
        await storage.put(key, generated(size), putOptions());
        expect((await storage.stat(key))?.size).toBe(size);
        expect(await sha256Of(await storage.open(key))).toBe(await sha256Of(chunksOf(size)));
      });

      test('keep concurrent puts separate, in the same folder and in others', async () => {
        const owner = randomUUID();
        const sizes = Array.from({ length: 12 }, (_, index) => index * 100_000 + 1);
        const keys = sizes.map((size) =>
          size % 200_000 === 1 ? `videos/${owner}/${size}.mp4` : newKey(`${size}.mp4`),
        );
        await Promise.all(keys.map((key, index) => storage.put(key, generated(sizes[index]!), putOptions())));
        const digests = await Promise.all(keys.map(async (key) => sha256Of(await storage.open(key))));
        expect(digests).toEqual(await Promise.all(sizes.map((size) => sha256Of(chunksOf(size)))));
      });

      test('hold only a few parts of a large body in memory', async () => {
        const key = newKey();
        const size = 128 * MIB;
        const before = process.memoryUsage().arrayBuffers;
        let peak = 0;
        function* watched(): Generator<Buffer> {
          for (const chunk of chunksOf(size)) {
            peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
            yield chunk;
          }
        }
        await storage.put(key, Readable.from(watched(), { objectMode: false }), putOptions());
        expect(peak).toBeLessThan(96 * MIB); // what waits for the garbage collector included
        expect((await storage.stat(key))?.size).toBe(size);
        await storage.delete([key]);
      });

      test.each([
        ['the first byte', { start: 0, end: 0 }],
        ['the last byte', { start: 9, end: 9 }],
        ['a middle', { start: 3, end: 6 }],
        ['all of it', { start: 0, end: 9 }],
      ])('return a range of an object: %s', async (_, range) => {
        const key = newKey();
        await putText(storage, key, '0123456789');
        expect(await textOf(await storage.open(key, { range }))).toBe('0123456789'.slice(range.start, range.end + 1));
      });

      test('return a range across the parts of a large object', async () => {
        const key = newKey();
        await storage.put(key, generated(20 * MIB), putOptions());
        const range = { start: 8 * MIB - 5, end: 16 * MIB + 5 };
        const whole = Buffer.concat([...chunksOf(20 * MIB)]);
        const part = await bytesOf(await storage.open(key, { range }));
        expect(part.equals(whole.subarray(range.start, range.end + 1))).toBe(true);
      });

      test('find no object under an unused key', async () => {
        const key = newKey();
        expect(await storage.stat(key)).toBeNull();
        const opened = storage.open(key);
        await expect(opened).rejects.toBeInstanceOf(ObjectNotFoundError);
        await expect(opened).rejects.toMatchObject({ key, storage: storage.name });
      });

      test('end a stream when its reader aborts', async () => {
        const key = newKey();
        await storage.put(key, generated(4 * MIB), putOptions());
        const reader = new AbortController();
        const stream = await storage.open(key, { signal: reader.signal });
        const reading = sha256Of(stream);
        reader.abort();
        await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
        expect(stream.destroyed).toBe(true);
        const late = storage.open(key, { signal: reader.signal });
        await expect(late).rejects.toBe(reader.signal.reason);
      });

      test('accept keys with spaces, quotes, brackets and letters of any script', async () => {
        const long = `${'n'.repeat(251)}.mp4`;
        for (const name of ["it's (1) final!*.mp4", 'a+b&c=d?e#f.mp4', 'Übung–1 видео.mp4', long]) {
          const key = newKey(name);
          await putText(storage, key, name);
          expect(await textOf(await storage.open(key))).toBe(name);
          expect(await listed(storage.list(key))).toEqual([key]);
          await storage.delete([key]);
          expect(await storage.stat(key)).toBeNull();
        }
      });
    });

    test.each(INVALID_KEYS)('every method refuses %j as a key', async (key) => {
      const refusal = { name: 'InvalidObjectKeyError' };
      await expect(putText(storage, key, 'x')).rejects.toMatchObject(refusal);
      await expect(storage.open(key)).rejects.toMatchObject(refusal);
      await expect(storage.stat(key)).rejects.toMatchObject(refusal);
      await expect(storage.delete([newKey(), key])).rejects.toMatchObject(refusal);
      const now = new Date();
      const life = { signedAt: now, expiresAt: new Date(now.getTime() + 60_000) };
      const sign = async () => storage.signGet(key, { ...life, disposition: 'inline', contentType: 'video/mp4' });
      await expect(sign()).rejects.toMatchObject(refusal);
    });

    describe('delete', () => {
      test('removes the named objects and no others', async () => {
        const owner = randomUUID();
        const keys = ['a', 'b', 'c', 'd'].map((name) => `images/${owner}/${name}.png`);
        for (const key of keys) await putText(storage, key, key);
        await storage.delete(keys.slice(0, 3));
        expect(await listed(storage.list(`images/${owner}/`))).toEqual([keys[3]]);
      });

      test('accepts hundreds of keys of many owners, some missing and some repeated', async () => {
        const owners = Array.from({ length: 30 }, () => randomUUID());
        const kept = `images/${owners[0]!}/kept.png`;
        const stored = owners.flatMap((owner) => ['a', 'b', 'c'].map((name) => `images/${owner}/${name}.png`));
        await Promise.all([kept, ...stored].map((key) => putText(storage, key, key)));
        const absent = Array.from({ length: 200 }, () => newKey());
        await storage.delete([...absent, ...stored, ...stored.slice(0, 10)]);
        const left = await Promise.all(owners.map((owner) => listed(storage.list(`images/${owner}/`))));
        expect(left.flat()).toEqual([kept]);
        await storage.delete([kept]);
      });

      test('succeeds for missing objects', async () => {
        const key = newKey();
        await putText(storage, key, 'x');
        await storage.delete([key, newKey(), newKey()]);
        await storage.delete([key]);
        await storage.delete([]);
        expect(await storage.stat(key)).toBeNull();
      });

      test("of an owner's last object does not disturb a concurrent put for the same owner", async () => {
        const owner = randomUUID();
        for (let round = 0; round < 25; round++) {
          const [leaving, coming] = [`videos/${owner}/${round}-old.mp4`, `videos/${owner}/${round}-new.mp4`];
          await putText(storage, leaving, 'old');
          await Promise.all([storage.delete([leaving]), putText(storage, coming, 'new')]);
          expect(await listed(storage.list(`videos/${owner}/`))).toEqual([coming]);
          await storage.delete([coming]);
        }
      });
    });

    describe('list', () => {
      test('returns each object with the prefix once, with size and time', async () => {
        const owner = randomUUID();
        const other = `${owner}-other`;
        const keys = [
          `images/${owner}/a.png`,
          `images/${owner}/b.png`,
          `images/${other}/c.png`,
          `videos/${owner}/d.mp4`,
        ];
        for (const key of keys) await putText(storage, key, 'four');
        expect(await listed(storage.list(`images/${owner}/`))).toEqual(keys.slice(0, 2));
        expect(await listed(storage.list(`images/${owner}/a`))).toEqual([keys[0]]);
        expect(await listed(storage.list(`images/${owner}`))).toEqual(keys.slice(0, 3).sort());
        expect(await listed(storage.list(''))).toEqual(expect.arrayContaining(keys));
        expect(await listed(storage.list('nothing/'))).toEqual([]);
        for await (const object of storage.list(keys[3]!)) {
          expect(object).toEqual({ key: keys[3], size: 4, modifiedAt: expect.any(Date) });
        }
      });

      test('continues while objects are deleted, and may be stopped early', async () => {
        const owner = randomUUID();
        for (let index = 0; index < 20; index++) await putText(storage, `images/${owner}/${index}.png`, 'x');
        for await (const { key } of storage.list(`images/${owner}/`)) {
          expect(key).toContain(owner);
          break;
        }
        for await (const { key } of storage.list(`images/${owner}/`)) await storage.delete([key]);
        expect(await listed(storage.list(`images/${owner}/`))).toEqual([]);
      });
    });

    describe('sweepUnfinished', () => {
      const inAMinute = (): Date => new Date(Date.now() + 60_000);
      const aMinuteAgo = (): Date => new Date(Date.now() - 60_000);

      test('removes what interrupted puts left when it is older than the limit, and counts it', async () => {
        const key = newKey();
        await subject.leaveUnfinished(key);
        await subject.leaveUnfinished(newKey());
        expect(await listed(storage.list(key))).toEqual([]);
        expect(await storage.sweepUnfinished({ olderThan: aMinuteAgo() })).toBe(0);
        expect(await storage.sweepUnfinished({ olderThan: inAMinute() })).toBe(2);
        expect(await storage.sweepUnfinished({ olderThan: inAMinute() })).toBe(0);
      });

      test('can be limited to one key, and keeps stored objects', async () => {
        const [key, other, stored] = [newKey(), newKey(), newKey()];
        await putText(storage, stored, 'x');
        for (const left of [key, `${key}.more`, other, stored]) await subject.leaveUnfinished(left);
        expect(await storage.sweepUnfinished({ olderThan: inAMinute(), key })).toBe(1);
        expect(await storage.sweepUnfinished({ olderThan: inAMinute(), key: stored })).toBe(1);
        expect(await textOf(await storage.open(stored))).toBe('x');
        expect(await storage.sweepUnfinished({ olderThan: inAMinute() })).toBe(2);
      });
    });

    test('unfinished lists what interrupted puts left under a prefix, and for which key', async () => {
      const [key, other] = [newKey(), newKey()];
      await putText(storage, key, 'x');
      for (const left of [key, other]) await subject.leaveUnfinished(left);
      const found = [];
      for await (const unfinished of storage.unfinished(key.slice(0, key.indexOf('/') + 1))) found.push(unfinished);
      const own = found.filter((unfinished) => unfinished.belongsTo(key));
      expect(own).toHaveLength(1);
      expect(found.filter((unfinished) => unfinished.belongsTo(other))).toHaveLength(1);
      const [{ name, id, begunAt } = { name: '', id: '', begunAt: new Date(0) }] = own;
      expect(name.split('/').slice(0, 2)).toEqual(key.split('/').slice(0, 2));
      expect(Math.abs(begunAt.getTime() - Date.now())).toBeLessThan(60_000);
      const again = [];
      for await (const unfinished of storage.unfinished(name)) again.push(unfinished.id);
      expect(again).toEqual([id]);
      for await (const unfinished of storage.unfinished('no-such-prefix/')) expect(unfinished).toBeUndefined();
      expect(await storage.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000) })).toBe(2);
    });

    test('diagnose finds no problem and leaves nothing behind', async () => {
      const before = await listed(storage.list(''));
      const diagnoses = [];
      for await (const diagnosis of storage.diagnose()) diagnoses.push(diagnosis);
      expect(diagnoses.length).toBeGreaterThan(2);
      expect(diagnoses.filter(({ status }) => status === 'problem')).toEqual([]);
      expect(await listed(storage.list(''))).toEqual(before);
      expect(await storage.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000) })).toBe(0);
    });

    test('check resolves while the store grants access', async () => {
      await expect(storage.check()).resolves.toBeUndefined();
    });

    describePutFailures(() => storage);
    describeSignedUrls(() => storage);
  });
}
