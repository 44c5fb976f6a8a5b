import { lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { FileTokens } from '../../src/storage/file-token.js';
import { LocalStorage } from '../../src/storage/local/local-storage.js';
import { makeUnfinishedName } from '../../src/storage/local/unfinished-name.js';
import { ObjectNotFoundError } from '../../src/storage/storage.js';
import { volume } from '../support/scope.js';
import { breakingAfter, textOf } from './storage-bodies.js';
import { serveLocalStorage } from './storage-local-server.js';
import { describeStorage, listed, newKey, putOptions, putText } from './storage.contract.js';

describeStorage('local', async () => {
  const { storage, directory, tearDown } = await serveLocalStorage();
  const leaveUnfinished = async (key: string): Promise<void> => {
    const folder = path.join(directory, path.dirname(key));
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, makeUnfinishedName(key)), 'half of it');
  };
  return { storage, leaveUnfinished, tearDown };
});

describe('the folder of a local storage', () => {
  let parent: string;
  let directory: string;
  let storage: LocalStorage;

  beforeEach(async () => {
    parent = await mkdtemp(path.join(os.tmpdir(), 'lectern-disk-'));
    directory = path.join(parent, 'files');
    storage = storageIn(directory);
  });
  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  test('is created when it is first needed, readable by the server only', async () => {
    expect(await listed(storage.list(''))).toEqual([]);
    await storage.check();
    const key = newKey();
    await putText(storage, key, 'x');
    for (const folder of [directory, path.join(directory, 'videos'), path.dirname(path.join(directory, key))]) {
      expect((await lstat(folder)).mode & 0o777).toBe(0o700);
    }
    expect((await lstat(path.join(directory, key))).mode & 0o777).toBe(0o600);
    expect((await lstat(path.join(directory, key))).nlink).toBe(1);
  });

  test('may be a symlink', async () => {
    await mkdir(path.join(parent, 'disk'));
    await symlink(path.join(parent, 'disk'), directory);
    const key = newKey();
    await putText(storage, key, 'x');
    expect(await textOf(await storage.open(key))).toBe('x');
    expect(await listed(storage.list(''))).toEqual([key]);
  });

  test('is empty when every object was deleted, and after a put that failed', async () => {
    const keys = [newKey(), newKey(), `images/one/a.png`];
    for (const key of keys) await putText(storage, key, 'x');
    await storage.delete(keys);
    await expect(storage.put(newKey(), breakingAfter(10, new Error('broken')), putOptions())).rejects.toThrow('broken');
    await storage.check();
    expect(await readdir(directory)).toEqual([]);
  });

  test('is never searched for a deletion or a sweep by key, however many owners have files', async () => {
    const few = storageIn(path.join(parent, 'few'));
    await makeOwners(path.join(parent, 'few'), 20);
    await makeOwners(directory, OWNERS);
    const medians: number[] = [];
    const times = { few: [] as number[], many: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      times.few.push(await timeOfRemoval(few, round));
      times.many.push(await timeOfRemoval(storage, round));
    }
    for (const measured of [times.few, times.many]) medians.push(measured.sort((a, b) => a - b)[ROUNDS >> 1]!);
    // A single listing of 20,000 names takes some hundred times as long as a deletion, one of 4,000 some twenty times.
    expect(medians[1]! / medians[0]!).toBeLessThan(4);
  });

  test('is not removed by a delete while a put writes into it', async () => {
    const cycle = async (worker: number): Promise<void> => {
      for (let round = 0; round < volume(10, 40); round++) {
        const key = `videos/owner/${worker}-${round}.mp4`;
        await putText(storage, key, key);
        expect(await textOf(await storage.open(key))).toBe(key);
        await storage.delete([key]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => cycle(worker)));
    expect(await readdir(directory)).toEqual([]);
  });

  test('keeps an object when a second put uses its key', async () => {
    const key = newKey();
    await putText(storage, key, 'first');
    await expect(putText(storage, key, 'second')).rejects.toThrow(/never be written twice/);
    expect(await textOf(await storage.open(key))).toBe('first');
    expect(await readdir(path.dirname(path.join(directory, key)))).toEqual(['lesson.mp4']);
  });

  test('accepts one of two concurrent puts with the same key', async () => {
    const key = newKey();
    const outcomes = await Promise.allSettled([putText(storage, key, 'one'), putText(storage, key, 'two')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await textOf(await storage.open(key))).toBe(outcomes[0].status === 'fulfilled' ? 'one' : 'two');
  });

  test('has no access through a symlinked folder: nothing outside is read, listed, deleted or written', async () => {
    const outside = path.join(parent, 'outside');
    await mkdir(path.join(outside, 'owner'), { recursive: true });
    await writeFile(path.join(outside, 'owner', 'secret.txt'), 'secret');
    await mkdir(path.join(directory, 'videos'), { recursive: true });
    await symlink(outside, path.join(directory, 'images'));
    await symlink(path.join(outside, 'owner'), path.join(directory, 'videos', 'owner'));
    for (const key of ['images/owner/secret.txt', 'videos/owner/secret.txt']) {
      await expect(storage.open(key)).rejects.toBeInstanceOf(ObjectNotFoundError);
      expect(await storage.stat(key)).toBeNull();
      await storage.delete([key]);
      await expect(putText(storage, `${key}.more`, 'x')).rejects.toThrow(/symlink/);
    }
    await expect(putText(storage, 'images/new/a.png', 'x')).rejects.toThrow(/symlink/);
    expect(await listed(storage.list(''))).toEqual([]);
    expect(await readdir(outside)).toEqual(['owner']);
    expect(await readdir(path.join(outside, 'owner'))).toEqual(['secret.txt']);
  });

  test('has no access through a symlinked file', async () => {
    const secret = path.join(parent, 'secret.txt');
    await writeFile(secret, 'secret');
    await putText(storage, 'images/owner/a.png', 'x');
    await symlink(secret, path.join(directory, 'images/owner/b.png'));
    await expect(storage.open('images/owner/b.png')).rejects.toBeInstanceOf(ObjectNotFoundError);
    expect(await storage.stat('images/owner/b.png')).toBeNull();
    expect(await listed(storage.list(''))).toEqual(['images/owner/a.png']);
    await expect(putText(storage, 'images/owner/b.png', 'x')).rejects.toThrow(/never be written twice/);
    await storage.delete(['images/owner/b.png']);
    expect(await textOf(await storage.open('images/owner/a.png'))).toBe('x');
    expect((await lstat(secret)).size).toBe(6);
  });

  test('lists and sweeps only files that Lectern wrote', async () => {
    await putText(storage, 'images/owner/a.png', 'x');
    await mkdir(path.join(directory, 'images/owner/deep'));
    for (const name of ['README', 'images/README', 'images/owner/.hidden', 'images/owner/deep/file']) {
      await writeFile(path.join(directory, name), 'not ours');
    }
    expect(await listed(storage.list(''))).toEqual(['images/owner/a.png']);
    expect(await storage.sweepUnfinished({ olderThan: new Date(Date.now() + 60_000) })).toBe(0);
    await storage.delete(['images/owner/a.png']);
    expect((await readdir(directory)).sort()).toEqual(['README', 'images']);
  });

  test('is reported as STORAGE_UNAVAILABLE with the cause when the disk refuses access', async () => {
    const refused = storageIn('/sys/lectern');
    for (const attempt of [refused.check(), putText(refused, newKey(), 'x')]) {
      const error = await attempt.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LecternError);
      expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { syscall: 'mkdir' } });
    }
  });
});

const OWNERS = volume(4_000, 20_000);
const ROUNDS = 41;

/** Makes folders with one file each, as uploads do. */
async function makeOwners(directory: string, count: number): Promise<void> {
  await mkdir(path.join(directory, 'videos'), { recursive: true });
  for (let first = 0; first < count; first += 500) {
    const owners = Array.from({ length: Math.min(500, count - first) }, (_, index) => `owner-${first + index}`);
    await Promise.all(
      owners.map(async (owner) => {
        await mkdir(path.join(directory, 'videos', owner));
        await writeFile(path.join(directory, 'videos', owner, 'lesson.mp4'), '');
      }),
    );
  }
}

/** Returns the time of removing one stored file with its unfinished files and its owner's folder, in milliseconds. */
async function timeOfRemoval(storage: LocalStorage, round: number): Promise<number> {
  const key = `videos/new-owner-${round}/lesson.mp4`;
  await putText(storage, key, 'x');
  const begun = performance.now();
  await storage.sweepUnfinished({ key, olderThan: new Date() });
  await storage.delete([key]);
  return performance.now() - begun;
}

function storageIn(directory: string): LocalStorage {
  const tokens = new FileTokens('a secret of at least thirty-two bytes');
  return new LocalStorage({ directory, publicUrl: () => 'http://localhost', tokens });
}
