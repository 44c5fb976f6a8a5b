import { describe, expect, it } from 'vitest';
import type { UploadProgress } from '../../../src/upload-client/api.js';
import { Progress } from '../../../src/upload-client/progress.js';
import { RateMeter } from '../../../src/upload-client/rate-meter.js';

describe('progress', () => {
  it('counts stored bytes and bytes being sent', () => {
    const { told, progress } = watched(100);
    progress.begin(30);
    expect(progress.sent(2, 10)).toBe(10);
    expect(progress.sent(2, 25)).toBe(15);
    progress.sent(3, 5);
    progress.stored(2, 30);
    expect(told.map(({ loaded }) => loaded)).toEqual([30, 40, 55, 60, 65]);
    expect(told.at(-1)).toMatchObject({ total: 100 });
  });

  it('never decreases: bytes sent again count only beyond the highest value', () => {
    const { told, progress } = watched(100);
    progress.begin(0);
    progress.sent(1, 40);
    progress.lost(1);
    progress.sent(1, 20);
    progress.sent(1, 45);
    // The upload is paused; then the server reports what it has.
    progress.begin(10);
    progress.sent(1, 50);
    expect(told.map(({ loaded }) => loaded)).toEqual([0, 40, 40, 45, 45, 60]);
  });

  it('is the total at the end, and never more', () => {
    const { told, progress } = watched(100);
    progress.begin(0);
    progress.sent(1, 130);
    progress.finish();
    expect(told.map(({ loaded }) => loaded)).toEqual([0, 100, 100]);
  });

  it('is reported at most once in the interval, and always at the beginning and the end', () => {
    const { told, progress } = watched(1_000, 3_600_000);
    progress.begin(0);
    for (let bytes = 1; bytes < 500; bytes++) progress.sent(1, bytes);
    progress.finish();
    expect(told.map(({ loaded }) => loaded)).toEqual([0, 1_000]);
  });
});

describe('the rate', () => {
  it('is measured over the last five seconds', () => {
    const meter = new RateMeter();
    for (let second = 0; second < 10; second++) meter.add(1_000, second * 1_000);
    expect(meter.rate(9_999)).toBe(1_000);
    for (let second = 10; second < 20; second++) meter.add(3_000, second * 1_000);
    expect(meter.rate(19_999)).toBe(3_000);
  });

  it('is 0 when nothing is sent, and is measured anew after a pause', () => {
    const meter = new RateMeter();
    meter.add(5_000, 0);
    expect(meter.rate(1_000)).toBe(5_000);
    expect(meter.rate(60_000)).toBe(0);
    meter.restart();
    meter.add(500, 100_000);
    expect(meter.rate(100_500)).toBe(1_000);
  });
});

function watched(total: number, interval = 0): { told: UploadProgress[]; progress: Progress } {
  const told: UploadProgress[] = [];
  return { told, progress: new Progress(total, (now) => told.push(now), interval) };
}
