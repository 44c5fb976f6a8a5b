import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { within } from '../../src/within.js';

const never = new Promise<never>(() => undefined);

describe('within', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('resolves with the result of the work and leaves no timer behind', async () => {
    expect(await within(1_000, Promise.resolve('done'), () => 'late')).toBe('done');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with the error of the work and leaves no timer behind', async () => {
    await expect(within(1_000, Promise.reject(new Error('broken')), () => 'late')).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('resolves with the result of `late` when the time has passed, and not before', async () => {
    let outcome: string | undefined;
    const waiting = within(1_000, never, () => 'late').then((value) => (outcome = value));
    await vi.advanceTimersByTimeAsync(999);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe('late');
  });

  it('rejects with the error of `late`', async () => {
    const waiting = within(1_000, never, () => {
      throw new Error('too late');
    });
    const outcome = expect(waiting).rejects.toThrow('too late');
    await vi.advanceTimersByTimeAsync(1_000);
    await outcome;
  });

  it('ignores work that fails after the time has passed', async () => {
    let fail!: (error: Error) => void;
    const work = new Promise<never>((_resolve, reject) => (fail = reject));
    const waiting = within(1_000, work, () => 'late');
    await vi.advanceTimersByTimeAsync(1_000);
    fail(new Error('later'));
    // An unhandled rejection would fail the run.
    expect(await waiting).toBe('late');
  });
});
