import { describe, expect, it } from 'vitest';
import { UploadError } from '../../../src/upload-client/api.js';
import { persist } from '../../../src/upload-client/retry.js';
import { TransientFailure } from '../../../src/upload-client/transient-failure.js';
import { backOff, wait } from '../../../src/upload-client/waiting.js';
import { Watchdog } from '../../../src/upload-client/watchdog.js';

const timings = { firstRetry: 1, longestRetry: 4, failuresInARow: 5 };

describe('the wait before a retry', () => {
  const times = { firstRetry: 500, longestRetry: 30_000 };

  it('doubles with each failure up to the maximum, and is at least half of that', () => {
    const shortest = [1, 2, 3, 7, 8, 30].map((failures) => backOff(failures, times, () => 0));
    const longest = [1, 2, 3, 7, 8, 30].map((failures) => backOff(failures, times, () => 1));
    expect(shortest).toEqual([250, 500, 1_000, 15_000, 15_000, 15_000]);
    expect(longest).toEqual([500, 1_000, 2_000, 30_000, 30_000, 30_000]);
  });

  it('differs between clients', () => {
    const waits = new Set(Array.from({ length: 50 }, () => backOff(4, times)));
    expect(waits.size).toBeGreaterThan(40);
    for (const ms of waits) expect(ms).toSatisfy((value: number) => value >= 2_000 && value <= 4_000);
  });

  it('ends with the reason of an aborted signal', async () => {
    const controller = new AbortController();
    const waiting = wait(60_000, controller.signal);
    controller.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    await expect(wait(0, controller.signal)).rejects.toThrow('given up');
  });
});

describe('persist', () => {
  const { signal } = new AbortController();

  it('retries a transient failure until the call succeeds', async () => {
    let calls = 0;
    const call = async (): Promise<number> => {
      calls += 1;
      if (calls < 5) throw new TransientFailure('NETWORK', 'no answer');
      return calls;
    };
    expect(await persist(call, { timings, signal })).toBe(5);
  });

  it('gives up after the maximum of failures in a row', async () => {
    let calls = 0;
    const call = async (): Promise<never> => {
      calls += 1;
      throw new TransientFailure('NETWORK', `failure ${calls}`);
    };
    await expect(persist(call, { timings, signal })).rejects.toMatchObject({ code: 'NETWORK', message: 'failure 5' });
  });

  it('does not retry an error that is not transient', async () => {
    let calls = 0;
    const call = async (): Promise<never> => {
      calls += 1;
      throw new UploadError('FORBIDDEN', 'You may not do this.');
    };
    await expect(persist(call, { timings, signal })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(calls).toBe(1);
  });

  it('waits as long as the server asks for', async () => {
    const begun = performance.now();
    let calls = 0;
    await persist(
      async () => {
        calls += 1;
        if (calls === 1) throw new TransientFailure('RATE_LIMITED', 'too many', { retryAfter: 60 });
      },
      { timings, signal },
    );
    expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
  });
});

describe('the watchdog', () => {
  it('aborts when nothing was received for the stall time, and not before', async () => {
    const outer = new AbortController();
    const watchdog = new Watchdog(40, outer.signal);
    const begun = performance.now();
    const aborted = new Promise((resolve) => watchdog.signal.addEventListener('abort', resolve));
    const alive = setInterval(() => watchdog.alive(), 10);
    setTimeout(() => clearInterval(alive), 80);
    await aborted;
    expect(performance.now() - begun).toBeGreaterThanOrEqual(100);
    expect(watchdog.stalled).toBe(true);
  });

  it('aborts with the signal of the upload, and then does not count as stalled', () => {
    const outer = new AbortController();
    const watchdog = new Watchdog(60_000, outer.signal);
    outer.abort(new Error('paused'));
    expect(watchdog.signal.reason).toEqual(new Error('paused'));
    expect(watchdog.stalled).toBe(false);
    expect(new Watchdog(60_000, outer.signal).signal.aborted).toBe(true);
  });
});
