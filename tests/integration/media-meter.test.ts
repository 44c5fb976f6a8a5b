import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LecternError } from '../../src/errors.js';
import { MediaMeter } from '../../src/media/content/media-meter.js';
import type { Storage } from '../../src/storage/storage.js';
import { Telemetry } from '../../src/telemetry.js';
import { VIDEOS, bytesOf, committed } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import { waitUntil } from '../support/patience.js';

const lines: string[] = [];
const telemetry = new Telemetry({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } });

const { signal } = new AbortController();
const opened: string[] = [];
/** A storage that can only open objects. */
const storageOf = (open: (start: number, end: number) => Readable | Promise<Readable>): Storage =>
  ({
    open: async (key: string, options: { range?: { start: number; end: number } } = {}) => {
      opened.push(key);
      return open(options.range?.start ?? 0, options.range?.end ?? Infinity);
    },
  }) as unknown as Storage;
const holding = (bytes: Buffer): Storage => storageOf((start, end) => Readable.from([bytes.subarray(start, end + 1)]));
const video = (storage: Storage, size: number, key = 'videos/v/a.mp4') => ({
  slot: 'COURSE_INTRO_VIDEO' as const,
  storage,
  key,
  size,
  contentType: 'video/mp4',
  signal,
});

let meter: MediaMeter;
afterEach(async () => {
  await meter.close();
  lines.length = 0;
  opened.length = 0;
});
const newMeter = (): MediaMeter => (meter = new MediaMeter({ telemetry, maxImagePixels: 1_000_000 }));
const sound = fixtures.intro.bytes;
const measures = { width: 320, height: 180, durationSeconds: 1, codecs: 'avc1.4d400c, mp4a.40.2', measured: 1 };

describe('measuring a video', () => {
  it('returns no measures when the storage cannot be read, and then measures the next file', async () => {
    newMeter();
    const broken = storageOf(() => Promise.reject(new LecternError('STORAGE_UNAVAILABLE')));
    expect(await meter.measure(video(broken, 5_000))).toEqual({});
    expect(lines.join()).toContain('could not read a file to measure it');
    expect(await meter.measure(video(holding(sound), sound.length))).toEqual(measures);
  });

  it('returns no measures after the time limit, and then measures the files that were waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    newMeter();
    const stuck = storageOf(() => new Readable({ read: () => undefined }));
    const first = meter.measure(video(stuck, 5_000, 'videos/v/stuck.mp4'));
    const second = meter.measure(video(holding(sound), sound.length));
    while (!opened.includes('videos/v/stuck.mp4')) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(await first).toEqual({});
    expect(lines.join()).toContain('could not measure a file within the time limit');
    expect(await second).toEqual(measures);
  });

  it('refuses a file whose video track is not found in the first bytes', async () => {
    newMeter();
    // Meaningless bytes after a Matroska header: the search for the next element would read all of them.
    const head = fixtures.matroska.bytes.subarray(0, 64);
    const rubbish = storageOf((start, end) => {
      const bytes = Buffer.alloc(end + 1 - start, 0x55);
      if (start === 0) head.copy(bytes);
      return Readable.from([bytes]);
    });
    const refused = meter.measure({ ...video(rubbish, 10 * 1024 ** 3), contentType: 'video/matroska' });
    await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(opened.length).toBeLessThanOrEqual(1_025);
  });

  it('refuses a file without a video track, and measures any number of concurrent files one by one', async () => {
    newMeter();
    const silent = bytesOf(committed('sound-only.mp4', 'video/mp4'));
    const all = await Promise.allSettled([
      meter.measure(video(holding(silent), silent.length)),
      ...VIDEOS.map(({ file }) => meter.measure(video(holding(bytesOf(file)), file.size))),
    ]);
    expect(all[0]).toMatchObject({ status: 'rejected', reason: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    const measured = all.slice(1).map((one) => one.status === 'fulfilled' && [one.value.width, one.value.height]);
    expect(measured).toEqual(VIDEOS.map(({ size }) => size));
  });
});

describe('measuring a stored file again', () => {
  it('returns null when the storage cannot be read, so that the next run tries again', async () => {
    newMeter();
    const broken = storageOf(() => Promise.reject(new LecternError('STORAGE_UNAVAILABLE')));
    expect(await meter.measureAgain(video(broken, 5_000))).toBeNull();
    expect(await meter.measureAgain({ ...video(broken, 5_000), contentType: 'image/png' })).toBeNull();
    expect(await meter.measureAgain(video(holding(sound), sound.length))).toEqual(measures);
  });

  it('refuses nothing, and marks a file without measures as measured', async () => {
    newMeter();
    const silent = bytesOf(committed('sound-only.mp4', 'video/mp4'));
    expect(await meter.measureAgain(video(holding(silent), silent.length))).toEqual({ measured: 1 });
    const damaged = { ...video(holding(Buffer.from('no picture')), 10), contentType: 'image/png' };
    expect(await meter.measureAgain(damaged)).toEqual({ measured: 1 });
    expect(await meter.measureAgain({ ...damaged, contentType: 'text/vtt' })).toEqual({ measured: 1 });
  });
});

describe('measuring a picture', () => {
  const picture = (storage: Storage) => ({
    ...video(storage, fixtures.png.size, 'images/i/a.png'),
    contentType: 'image/png',
  });

  it('fails with the error of the storage, so that no unchecked picture is published', async () => {
    newMeter();
    const broken = storageOf(() => Promise.reject(new LecternError('STORAGE_UNAVAILABLE')));
    await expect(meter.measure(picture(broken))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await meter.measure(picture(holding(fixtures.png.bytes)))).toEqual({
      width: 320,
      height: 180,
      measured: 1,
    });
  });

  it('reads two pictures at once, and none whose client has disconnected', async () => {
    newMeter();
    const release: (() => void)[] = [];
    const slow = storageOf(
      () => new Promise<Readable>((resolve) => release.push(() => resolve(Readable.from([fixtures.png.bytes])))),
    );
    const leaving = new AbortController();
    const three = [1, 2, 3].map(() => meter.measure(picture(slow)));
    const left = expect(meter.measure({ ...picture(slow), signal: leaving.signal })).rejects.toThrow('gone');
    await waitUntil(() => release.length === 2);
    leaving.abort(new Error('gone'));
    release.forEach((go) => go());
    await waitUntil(() => release.length === 3);
    release[2]!();
    expect(await Promise.all(three)).toHaveLength(3);
    await left;
    expect(opened).toHaveLength(3);
  });
});
