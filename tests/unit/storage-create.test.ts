import { describe, expect, test } from 'vitest';
import { createStorages } from '../../src/storage/create-storage.js';
import { FileTokens } from '../../src/storage/file-token.js';

const local = {
  directory: '/nowhere',
  publicUrl: () => 'https://media.example.com/lectern/',
  tokens: new FileTokens('a secret of at least thirty-two bytes'),
};
const s3 = { bucket: 'media', region: 'eu-central-1', forcePathStyle: false };

describe('the storages', () => {
  test('are the local one alone when no bucket is configured', async () => {
    const storages = createStorages({ useS3: false, local });
    expect(storages.current.name).toBe('local');
    expect(storages.all().map(({ name }) => name)).toEqual(['local']);
    expect(storages.byName('s3')).toBeUndefined();
    await storages.close();
  });

  test.each([
    [true, 's3'],
    [false, 'local'],
  ])('are both when there is a bucket, and with useS3 %s new files go to %s', async (useS3, current) => {
    const storages = createStorages({ useS3, local, s3 });
    expect(storages.current.name).toBe(current);
    expect(storages.byName('s3')?.name).toBe('s3');
    expect(storages.byName('local')?.name).toBe('local');
    await storages.close();
  });

  test('are refused when S3 is to be used without a bucket', () => {
    expect(() => createStorages({ useS3: true, local })).toThrow(/no bucket/);
  });

  test('keep the path prefix of the public URL in local URLs', () => {
    const { current } = createStorages({ useS3: false, local });
    expect(current.canonicalUrl('a/b/c d.mp4')).toBe('https://media.example.com/lectern/files/a/b/c%20d.mp4');
  });
});
