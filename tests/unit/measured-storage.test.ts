import { describe, expect, it } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { measuredStorage } from '../../src/storage/measured-storage.js';
import { ObjectNotFoundError, type Storage } from '../../src/storage/storage.js';

type Observed = [operation: string, outcome: string, seconds: number];

/** A storage that has only the given parts. */
function measuring<T extends object>(parts: T): { storage: Storage & T; observed: Observed[] } {
  const observed: Observed[] = [];
  const storage = measuredStorage(parts as unknown as Storage & T, (...seen) => observed.push(seen));
  return { storage, observed };
}

describe('a measured storage', () => {
  it('reports each operation when it ends, as done, unavailable or rejected', async () => {
    const { storage, observed } = measuring({
      stat: async () => ({ size: 1, modifiedAt: new Date(0) }),
      delete: async () => {
        throw new LecternError('STORAGE_UNAVAILABLE');
      },
      open: async () => {
        throw new ObjectNotFoundError('local', 'a/b/c');
      },
    });
    expect(await storage.stat('a/b/c')).toMatchObject({ size: 1 });
    await expect(storage.delete(['a/b/c'])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(storage.open('a/b/c')).rejects.toBeInstanceOf(ObjectNotFoundError);
    expect(observed.map(([operation, outcome]) => `${operation} ${outcome}`)).toEqual([
      'stat done',
      'delete unavailable',
      'open rejected',
    ]);
    for (const [, , seconds] of observed) expect(seconds).toBeGreaterThanOrEqual(0);
  });

  it('passes everything else through, including properties that it does not know', async () => {
    const { storage, observed } = measuring({
      name: 'local' as const,
      root: '/files',
      canonicalUrl(this: { root: string }, key: string) {
        return `${this.root}/${key}`;
      },
      direct: { begin: () => 'begun' },
    });
    expect(storage.name).toBe('local');
    expect(storage.canonicalUrl('a')).toBe('/files/a');
    expect(storage.direct.begin()).toBe('begun');
    expect((storage as { sign?: unknown }).sign).toBeUndefined();
    expect(observed).toEqual([]);
  });

  it('does not count operations that a driver calls on itself', async () => {
    const { storage, observed } = measuring({
      async stat() {
        return null;
      },
      async open(this: { stat: () => Promise<null> }) {
        await this.stat();
      },
    });
    await storage.open('a');
    expect(observed.map(([operation]) => operation)).toEqual(['open']);
  });
});
