import { describe, expect, it } from 'vitest';
import { LaneCount } from '../../../src/upload-client/lane-count.js';
import { Lanes } from '../../../src/upload-client/lanes.js';
import { PartQueue, rangeOfPart } from '../../../src/upload-client/part-queue.js';
import type { SignedPart } from '../../../src/upload-client/sessions.js';
import { Signatures, signedAtOnce } from '../../../src/upload-client/signatures.js';
import { waitFor } from '../../support/patience.js';

const MIB = 1024 * 1024;

/** Returns the number of lanes after each measurement, on a line whose rate depends on the lanes. */
function lanesOn(rateWith: (lanes: number) => number, measurements: number): number[] {
  const lanes = new LaneCount();
  return Array.from({ length: measurements }, () => {
    lanes.measured(rateWith(lanes.count));
    return lanes.count;
  });
}

describe('the number of lanes', () => {
  it('grows from 3 to 6 while each lane increases the rate', () => {
    expect(lanesOn((lanes) => lanes * MIB, 6)).toEqual([4, 5, 6, 6, 6, 6]);
  });

  it('stays at 3 on a saturated line, apart from occasional trials', () => {
    const counts = lanesOn(() => 5 * MIB, 30);
    expect(counts.slice(0, 4)).toEqual([4, 3, 3, 3]);
    expect(counts.filter((count) => count === 3).length).toBeGreaterThan(25);
    expect(Math.max(...counts)).toBe(4);
  });

  it('settles where the line is saturated', () => {
    expect(lanesOn((lanes) => Math.min(5, lanes) * MIB, 8).slice(3)).toEqual([5, 5, 5, 5, 5]);
  });

  it('falls by one with each failure, to 3 at least', () => {
    const lanes = new LaneCount();
    for (const count of [3, 4, 5]) lanes.measured(count * MIB);
    expect(lanes.count).toBe(6);
    const after = Array.from({ length: 5 }, () => {
      lanes.failed();
      return lanes.count;
    });
    expect(after).toEqual([5, 4, 3, 3, 3]);
  });

  it('is at most 5 when one connection is kept free', () => {
    const lanes = new LaneCount();
    for (const count of [3, 4, 5]) lanes.measured(count * MIB);
    lanes.leaveOneFree();
    expect(lanes.count).toBe(5);
    lanes.measured(5 * MIB);
    expect(lanes.count).toBe(5);
  });
});

describe('the lanes of an uploader', () => {
  const { signal } = new AbortController();

  it('let 3 callers in, and the next one in order whenever one leaves', async () => {
    const lanes = new Lanes();
    const entered: number[] = [];
    const leaves = new Map<number, () => void>();
    for (const id of [1, 2, 3, 4, 5]) {
      void lanes.enter(signal).then((leave) => {
        entered.push(id);
        leaves.set(id, leave);
      });
    }
    await waitFor(() => expect(entered).toEqual([1, 2, 3]));
    leaves.get(2)!();
    await waitFor(() => expect(entered).toEqual([1, 2, 3, 4]));
    leaves.get(1)!();
    await waitFor(() => expect(entered).toEqual([1, 2, 3, 4, 5]));
  });

  it('skip callers that no longer wait', async () => {
    const lanes = new Lanes();
    const leave = await lanes.enter(signal);
    await lanes.enter(signal);
    await lanes.enter(signal);
    const controller = new AbortController();
    const waiting = lanes.enter(controller.signal);
    const next = lanes.enter(signal);
    controller.abort(new Error('paused'));
    await expect(waiting).rejects.toThrow('paused');
    leave();
    await expect(next).resolves.toBeTypeOf('function');
  });
});

describe('the queue of parts', () => {
  it('returns the missing parts in order, and the parts that come next', () => {
    const queue = new PartQueue([2, 3, 5, 8]);
    expect(queue.take()).toBe(2);
    expect(queue.next(2)).toEqual([3, 5]);
    expect(queue.next(100)).toEqual([3, 5, 8]);
    expect(queue.next(0)).toEqual([]);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([3, 5, 8]);
    expect(queue.isEmpty).toBe(true);
  });

  it('cuts the file into parts of equal size and a rest', () => {
    const session = { size: 20 * MIB + 1, partSize: 8 * MIB };
    expect([1, 2, 3].map((number) => rangeOfPart(number, session))).toEqual([
      { start: 0, end: 8 * MIB },
      { start: 8 * MIB, end: 16 * MIB },
      { start: 16 * MIB, end: 20 * MIB + 1 },
    ]);
  });
});

describe('part signatures', () => {
  const pace = { partSize: 8 * MIB, lanes: 3, signatureAge: 300_000 };

  it('are requested for the parts that will begin while a signature is valid: one per lane to 100', () => {
    // What 240 s at the rate send, in parts of 8 MiB.
    const rates = [0, MIB / 10, MIB, 2 * MIB, 100 * MIB];
    expect(rates.map((rate) => signedAtOnce({ ...pace, rate }))).toEqual([3, 3, 30, 60, 100]);
  });

  it('are requested once for several lanes', async () => {
    const calls: (readonly number[])[] = [];
    const signatures = new Signatures(async (numbers) => {
      calls.push(numbers);
      return numbers.map(signed);
    }, 300_000);
    const parts = await Promise.all([
      signatures.take(1, () => [2, 3]),
      signatures.take(2, () => [3, 4]),
      signatures.take(3, () => [4, 5]),
    ]);
    expect(parts.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(calls).toEqual([[1, 2, 3]]);
  });

  it('are used once, and not after they have expired', async () => {
    const calls: (readonly number[])[] = [];
    const fresh = new Signatures(async (numbers) => (calls.push(numbers), numbers.map(signed)), 300_000);
    await fresh.take(1, () => []);
    await fresh.take(1, () => []);
    expect(calls).toEqual([[1], [1]]);

    let now = 0;
    const aged = new Signatures(
      async (numbers) => (calls.push(numbers), numbers.map(signed)),
      1_000,
      () => now,
    );
    await aged.take(1, () => [2, 3]);
    now = 999;
    await aged.take(2, () => []);
    now = 1_000;
    await aged.take(3, () => []);
    expect(calls.slice(2)).toEqual([[1, 2, 3], [3]]);
  });

  it('fail for every waiting lane, and are requested again at the next need', async () => {
    let failing = true;
    const signatures = new Signatures(async (numbers) => {
      if (failing) throw new Error('no rights');
      return numbers.map(signed);
    }, 300_000);
    const both = await Promise.allSettled([signatures.take(1, () => [2]), signatures.take(2, () => [])]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing = false;
    expect((await signatures.take(2, () => [])).number).toBe(2);
  });
});

function signed(number: number): SignedPart {
  return { number, method: 'PUT', url: `https://bucket.example/${number}`, headers: [], size: 8 * MIB };
}
