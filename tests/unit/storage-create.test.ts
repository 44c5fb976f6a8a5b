import { describe, expect, test } from 'vitest';
import { createStorages, StorageChoiceError, type StorageDriver } from '../../src/storage/create-storage.js';
import { FileTokens } from '../../src/storage/file-token.js';
import { MemoryStorage } from '../support/memory-storage/memory-storage.js';

const local = {
  directory: '/nowhere',
  publicUrl: () => 'https://media.example.com/lectern/',
  tokens: new FileTokens('a secret of at least thirty-two bytes'),
};
const s3 = { bucket: 'media', region: 'eu-central-1', forcePathStyle: false };
const memory: StorageDriver = (settings) => new MemoryStorage(settings.local);

describe('the registry of storages', () => {
  test('knows the name s3 although only local is configured', async () => {
    const storages = await createStorages({ current: 'local', settings: { local } });
    expect(storages.current.name).toBe('local');
    expect(storages.all().map(({ name }) => name)).toEqual(['local']);
    expect(storages.names).toEqual(['local', 's3']);
    expect(storages.byName('s3')).toBeUndefined();
    await storages.close();
  });

  test.each(['local', 's3', 'memory'])('has every configured driver, and stores new files in %s', async (name) => {
    const storages = await createStorages({ current: name, settings: { local, s3 }, drivers: { memory } });
    expect(storages.current.name).toBe(name);
    expect(storages.names).toEqual(['local', 's3', 'memory']);
    expect(storages.names.map((known) => storages.byName(known)?.name)).toEqual(storages.names);
    expect(storages.all()).toHaveLength(3);
    expect(storages.byName(name)).toBe(storages.current);
    expect(storages.byName('local')).toBe(storages.local);
    await storages.close();
  });

  test.each([
    ['s3', 'is not configured'],
    ['tape', 'is not a storage that this server knows'],
    ['toString', 'is not a storage that this server knows'],
  ])('refuses %s for new files: it %s', async (current, problem) => {
    const created = createStorages({ current, settings: { local } });
    await expect(created).rejects.toThrow(StorageChoiceError);
    await expect(created).rejects.toThrow(problem);
  });

  test('refuses a driver whose storage has another name than it is registered under', async () => {
    const drivers = { attic: memory };
    const created = createStorages({ current: 'local', settings: { local }, drivers });
    await expect(created).rejects.toThrow(/"attic".*"memory"/);
  });

  test('measures additional drivers too', async () => {
    const seen: string[] = [];
    const observe = (operation: string): unknown => seen.push(operation);
    const { current } = await createStorages({ current: 'memory', settings: { local }, drivers: { memory }, observe });
    await current.stat('a/b/c');
    expect(seen).toEqual(['stat']);
  });

  test('keeps the path prefix of the public URL in local URLs', async () => {
    const { current } = await createStorages({ current: 'local', settings: { local } });
    expect(current.canonicalUrl('a/b/c d.mp4')).toBe('https://media.example.com/lectern/files/a/b/c%20d.mp4');
  });
});
