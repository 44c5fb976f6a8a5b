import { describe, expect, test } from 'vitest';
import { UploadGoneError } from '../../src/storage/direct-uploads.js';
import { begin, fileOf, partsOf, send, unfinishedOf, type DirectUploadsUnderTest } from './storage-direct.contract.js';
import { serveLocalStorage } from './storage-local-server.js';
import { makeBucket, s3Server, s3Storage } from './storage-s3-bucket.js';

/** Two pages of a list of parts. */
const MANY_PARTS = 1_500;
/** In bytes. */
const PART = 10;
const LANES = 16;

async function onS3(): Promise<DirectUploadsUnderTest> {
  const { bucket } = await makeBucket();
  const storage = s3Storage(bucket);
  return { storage, tearDown: () => storage.close() };
}

function describePages(name: string, setUp: () => Promise<DirectUploadsUnderTest>): void {
  test(`a list of ${MANY_PARTS} parts is returned completely and in order by ${name} storage`, async () => {
    const { storage, tearDown } = await setUp();
    const { direct } = storage;
    const upload = await begin(direct, PART * MANY_PARTS, PART);
    const numbers = Array.from({ length: MANY_PARTS }, (_, index) => index + 1);
    const waiting = [...numbers];
    const file = fileOf(upload);
    const lane = async (): Promise<void> => {
      for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
        const answer = await send(direct, upload, number, file.subarray(PART * (number - 1), PART * number));
        expect(answer.status, await answer.text()).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const parts = await partsOf(direct, upload);
    expect(parts.map(({ number }) => number)).toEqual(numbers);
    expect(parts.every(({ size }) => size === PART)).toBe(true);
    await direct.abort(upload);
    await expect(partsOf(direct, upload)).rejects.toBeInstanceOf(UploadGoneError);
    expect((await send(direct, upload, 1, Buffer.from('too late'))).status).toBe(404);
    expect(await unfinishedOf(storage, upload)).toEqual([]);
    await tearDown();
  });
}

describePages('local', serveLocalStorage);
describe.skipIf(s3Server === null)('on a real S3 server', () => describePages('s3', onS3));
