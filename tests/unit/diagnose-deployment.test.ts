import { expect, it } from 'vitest';
import { judgeMemory } from '../../src/app/memory-limit.js';
import { replicaSet } from '../../src/database/diagnose-database.js';
import { diagnosePictures } from '../../src/media/content/diagnose-pictures.js';

const MIB = 1024 ** 2;

it.each([
  ['no limit', undefined, 64, 's3', 'ok', /no memory limit/],
  ['enough for S3', 2_400 * MIB, 64, 's3', 'ok', /2400 MiB is enough for 64/],
  [
    'too little for S3',
    1_024 * MIB,
    64,
    's3',
    'warning',
    /1024 MiB, but 64 uploads at once may take 2348 MiB.*UPLOADS_AT_ONCE to 22/,
  ],
  ['enough for files on the disk', 512 * MIB, 64, 'local', 'ok', /is enough/],
  ['less than the server itself', 100 * MIB, 64, 's3', 'warning', /UPLOADS_AT_ONCE to 1\./],
])('judgeMemory: %s', (_case, limit, uploadsAtOnce, storage, status, text) => {
  const outcome = judgeMemory(limit, { uploadsAtOnce, storage });
  expect(outcome.status).toBe(status);
  expect(`${outcome.message} ${outcome.remedy ?? ''}`).toMatch(text);
});

const MONGODB = { embedded: false, sharded: false, setName: 'rs0', members: 3 };

it.each([
  ['three members', {}, 'ok', /3 members/],
  ['two members', { members: 2 }, 'warning', /no majority while one is away/],
  ['a single server', { setName: undefined, members: 0 }, 'warning', /no replica set/],
  ['a sharded cluster', { sharded: true, setName: undefined, members: 0 }, 'ok', /sharded/],
  ['the embedded database', { embedded: true, setName: undefined, members: 0 }, 'warning', /one copy of the records/],
])('replicaSet: %s', (_case, facts, status, text) => {
  expect(replicaSet({ ...MONGODB, ...facts })).toMatchObject({ status, message: expect.stringMatching(text) });
});

it('pictures: the decoder works, or the reason why it cannot be loaded is a problem', async () => {
  expect(await diagnosePictures()).toMatchObject({ check: 'pictures', status: 'ok' });
  const missing = new Error('Could not load the "sharp" module using the linux-arm64 runtime\nPossible solutions:');
  expect(await diagnosePictures(() => Promise.reject(missing))).toMatchObject({
    status: 'problem',
    message: expect.stringContaining('linux-arm64'),
    remedy: expect.stringContaining('npm ci'),
  });
});
