import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { examine, ok, reasonOf, warning } from '../../src/diagnosis.js';
import { LecternError } from '../../src/errors.js';

describe('a check', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reports its status and message under its name', async () => {
    expect(await examine('disk', 'Repair it.', async () => ok('Fine.'))).toEqual({
      check: 'disk',
      status: 'ok',
      message: 'Fine.',
    });
    expect(await examine('disk', 'Repair it.', async () => warning('Odd.', 'Look.'))).toEqual({
      check: 'disk',
      status: 'warning',
      message: 'Odd.',
      remedy: 'Look.',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that throws is reported as a problem with its remedy', async () => {
    const look = (): Promise<never> => Promise.reject(new Error('no\n  such disk'));
    expect(await examine('disk', 'Repair it.', look)).toEqual({
      check: 'disk',
      status: 'problem',
      message: 'no such disk.',
      remedy: 'Repair it.',
    });
  });

  it('that does not end is reported as a problem after 30 seconds', async () => {
    const diagnosis = examine('disk', 'Repair it.', () => new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await diagnosis).toMatchObject({ status: 'problem', message: 'No answer within 30 seconds.' });
  });
});

describe('reasonOf', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:9');
  const named = Object.assign(new Error('No.'), { name: 'AccessDenied' });

  it.each([
    ['the message', refused, 'connect ECONNREFUSED 127.0.0.1:9.'],
    ['the name and the message of an error with a name', named, 'AccessDenied: No.'],
    [
      'the message of the cause',
      new LecternError('STORAGE_UNAVAILABLE', undefined, { cause: named }),
      'AccessDenied: No.',
    ],
    [
      'the first of several causes',
      new TypeError('fetch failed', { cause: new AggregateError([refused, named]) }),
      `${refused.message}.`,
    ],
    ['a thrown string', 'away', 'away.'],
  ])('returns %s', (_case, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});
