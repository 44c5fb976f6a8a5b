import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MaybePromise } from '../../src/maybe-promise.js';
import type { MediaFile } from '../../src/media/media-file.model.js';
import { SignedUrls } from '../../src/media/signed-urls.js';
import { slotRules } from '../../src/media/slots.js';
import type { SignedUrl, SignGetOptions, Storage, StorageName } from '../../src/storage/storage.js';
import { Telemetry } from '../../src/telemetry.js';

type Sign = (key: string, options: SignGetOptions) => MaybePromise<SignedUrl>;

/** Signs with a URL that contains what it was signed for. */
const plainly: Sign = async (key, { signedAt, expiresAt, disposition, contentType }) => ({
  url: [key, signedAt.getTime(), expiresAt.getTime(), disposition, contentType].join('|'),
  expiresAt,
});

function fileOf(changes: Partial<MediaFile> = {}): MediaFile {
  return {
    slot: 'VIDEO_FILE',
    key: 'videos/v/film.mp4',
    storage: 'local',
    filename: 'film.mp4',
    contentType: 'video/mp4',
    size: 1,
    uploadedAt: new Date(0),
    ...changes,
  };
}

function signedUrls(
  ttl: { video: number; image: number },
  sign: Sign = plainly,
  configured: StorageName[] = ['local', 's3'],
) {
  const clock = { now: 0 };
  const telemetry = new Telemetry({ level: 'silent' });
  const urls = new SignedUrls({
    storageNamed: (name) => (configured.includes(name) ? ({ name, signGet: sign } as unknown as Storage) : undefined),
    slots: slotRules({ maxBytes: {}, urlTtlSeconds: ttl }),
    telemetry,
    now: () => clock.now,
  });
  return { urls, clock, signings: () => telemetry.counted('signings') };
}

const NOON = Date.UTC(2026, 0, 1, 12);

describe('the lifetime of a signed URL', () => {
  it.each([1, 2, 3, 4, 5, 7, 60, 900, 3600, 604_800])('of %i s always has at least half left', async (ttl) => {
    const { urls, clock } = signedUrls({ video: ttl, image: 1 });
    const moment = fc.integer({ min: NOON, max: NOON + 3 * ttl * 1000 });
    const lifetime = ttl * 1000;
    await fc.assert(
      fc.asyncProperty(moment, async (now) => {
        clock.now = now;
        const { url, expiresAt } = await urls.of(fileOf());
        const [, signedAt, signedUntil] = url.split('|').map(Number);
        const left = expiresAt.getTime() - now;
        expect(left).toBeGreaterThanOrEqual(lifetime / 2);
        expect(left).toBeLessThanOrEqual(lifetime);
        expect(signedAt).toBeLessThanOrEqual(now);
        expect([signedUntil, signedUntil! - signedAt!]).toEqual([expiresAt.getTime(), lifetime]);
        // Whole seconds, because S3 rounds to them.
        if (ttl >= 2) expect([signedAt! % 1000, expiresAt.getTime() % 1000]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [1, 500],
    [2, 1_000],
    [3, 1_000],
    [900, 450_000],
    [3600, 1_800_000],
  ])('of %i s: the URL changes every %i ms and stays the same in between', async (ttl, window) => {
    const { urls, clock, signings } = signedUrls({ video: ttl, image: 1 });
    const start = Math.ceil(NOON / window) * window;
    const at = async (now: number): Promise<string> => {
      clock.now = now;
      return (await urls.of(fileOf())).url;
    };
    const first = await at(start);
    expect(await at(start + window / 2)).toBe(first);
    expect(await at(start + window - 1)).toBe(first);
    expect(await signings()).toBe(1);
    const second = await at(start + window);
    expect(second).not.toBe(first);
    expect(await at(start + 2 * window - 1)).toBe(second);
    expect(await signings()).toBe(2);
  });

  it('depends on the slot', async () => {
    const { urls, clock } = signedUrls({ video: 100, image: 1000 });
    clock.now = NOON;
    const lifeOf = async (slot: MediaFile['slot']): Promise<number> => {
      const { url } = await urls.of(fileOf({ slot, key: `x/y/${slot}` }));
      const [, signedAt, expiresAt] = url.split('|').map(Number);
      return (expiresAt! - signedAt!) / 1000;
    };
    expect(await lifeOf('VIDEO_FILE')).toBe(100);
    expect(await lifeOf('COURSE_INTRO_VIDEO')).toBe(100);
    expect(await lifeOf('VIDEO_THUMBNAIL')).toBe(1000);
    expect(await lifeOf('COURSE_THUMBNAIL')).toBe(1000);
    expect(await lifeOf('IMAGE')).toBe(1000);
  });
});

describe('SignedUrls', () => {
  it('signs once for concurrent callers', async () => {
    const { urls, signings } = signedUrls({ video: 900, image: 900 });
    const file = fileOf();
    await Promise.all([urls.of(file), urls.of(file), urls.of(fileOf()), urls.of(fileOf())]);
    expect(await signings()).toBe(1);
  });

  it('returns the same URL for the same file object, so that all fields of a response agree', async () => {
    const { urls, clock, signings } = signedUrls({ video: 2, image: 2 });
    const file = fileOf();
    clock.now = NOON;
    const first = await urls.of(file);
    clock.now = NOON + 1_000;
    expect(await urls.of(file)).toBe(first);
    expect(await signings()).toBe(1);
  });

  it('makes no promise for a URL that was signed before', async () => {
    const { urls } = signedUrls({ video: 900, image: 900 });
    const { url } = await urls.of(fileOf());
    expect(urls.urlOf(fileOf())).toBe(url);
  });

  it('makes no promise when the storage signs without waiting', () => {
    const atOnce: Sign = (key, { expiresAt }) => ({ url: `signed ${key}`, expiresAt });
    const { urls } = signedUrls({ video: 900, image: 900 }, atOnce);
    expect(urls.urlOf(fileOf())).toBe('signed videos/v/film.mp4');
    expect(urls.urlOf(fileOf({ key: 'videos/v/other.mp4' }))).toBe('signed videos/v/other.mp4');
  });

  it('signs separately for each file and storage, and with the file name', async () => {
    const { urls, signings } = signedUrls({ video: 900, image: 900 });
    const given = await Promise.all([
      urls.of(fileOf()),
      urls.of(fileOf({ key: 'videos/v/other.mp4' })),
      urls.of(fileOf({ key: 'videos/v/third.mp4', filename: 'Übung "1".mp4' })),
    ]);
    expect(new Set(given.map(({ url }) => url)).size).toBe(3);
    expect(given[2].url).toContain("filename*=UTF-8''%C3%9Cbung%20%221%22.mp4");
    await urls.of(fileOf({ storage: 's3' }));
    expect(await signings()).toBe(4);
  });

  it('does not remember a failure', async () => {
    let fails = true;
    const { urls } = signedUrls({ video: 900, image: 900 }, async (key, options) => {
      if (fails) throw new Error('no credentials');
      return plainly(key, options);
    });
    await expect(urls.of(fileOf())).rejects.toThrow('no credentials');
    fails = false;
    await expect(urls.of(fileOf())).resolves.toMatchObject({ expiresAt: expect.any(Date) });
  });

  it('returns an earlier expiry when the storage gives one, and does not reuse that URL', async () => {
    const soon = new Date(NOON + 30_000);
    const short: Sign = async (key, options) => ({ ...(await plainly(key, options)), expiresAt: soon });
    const { urls, clock, signings } = signedUrls({ video: 900, image: 900 }, short);
    clock.now = NOON;
    expect((await urls.of(fileOf())).expiresAt).toEqual(soon);
    await urls.of(fileOf());
    expect(await signings()).toBe(2);
  });

  it('fails with STORAGE_UNAVAILABLE for a storage that is not configured, and counts no signing', async () => {
    const { urls, signings } = signedUrls({ video: 900, image: 900 }, plainly, ['local']);
    const sign = async () => urls.of(fileOf({ storage: 's3' }));
    await expect(sign()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await signings()).toBe(0);
  });
});
