import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RepeatedTask } from '../../src/repeated-task.js';
import { waitUntil } from '../support/patience.js';

/** A task whose runs end when the test says so. */
function heldTask(everyMs: number) {
  const ends: ((error?: Error) => void)[] = [];
  const errors: unknown[] = [];
  const task = new RepeatedTask({
    everyMs,
    run: () =>
      new Promise<void>((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve()));
      }),
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => {
    ends.forEach((end) => end());
    return task.stop();
  });
  return { task, ends, errors };
}

const NEVER_MS = 3_600_000;

describe('a repeated task', () => {
  it('runs again and again, one run at a time', async () => {
    const { ends } = heldTask(1);
    for (let run = 0; run < 3; run++) {
      await waitUntil(() => ends.length > run);
      for (let turns = 0; turns < 50; turns++) await setImmediate();
      expect(ends).toHaveLength(run + 1);
      ends[run]!();
    }
  });

  it('runs at once when it is asked to, unless it is running', async () => {
    const { task, ends } = heldTask(NEVER_MS);
    expect(ends).toHaveLength(0);
    task.runNow();
    task.runNow();
    expect(ends).toHaveLength(1);
    ends[0]!();
    await setImmediate();
    task.runNow();
    expect(ends).toHaveLength(2);
  });

  it('reports a run that fails, and runs again', async () => {
    const { ends, errors } = heldTask(1);
    await waitUntil(() => ends.length === 1);
    ends[0]!(new Error('no database'));
    await waitUntil(() => ends.length === 2);
    expect(errors).toEqual([new Error('no database')]);
  });

  it('stops when the running run has ended, and never runs again', async () => {
    const { task, ends } = heldTask(1);
    await waitUntil(() => ends.length === 1);
    let hasStopped = false;
    const stopped = task.stop().then(() => (hasStopped = true));
    for (let turns = 0; turns < 50; turns++) await setImmediate();
    expect(hasStopped).toBe(false);
    ends[0]!();
    await stopped;
    for (let turns = 0; turns < 50; turns++) await setImmediate();
    expect(ends).toHaveLength(1);
  });
});
