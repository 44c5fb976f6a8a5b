import { expect, inject, vi } from 'vitest';
import { measureSlowness } from './slowness.js';

/** How long a test waits for a condition, in milliseconds on an idle machine. */
const CONDITION_MS = 20_000;
const LOOK_EVERY_MS = 20;
/**
 * A response that waits for nothing arrives within this time, in milliseconds on an idle machine. It is long enough for
 * a busy machine, and shorter than every time-out that could have ended a wait.
 */
const PROMPT_MS = 5_000;

/** The factor for deadlines on this machine: see slowness.ts. It is 1 outside vitest (fuzzer, bench). */
export const slowness = process.env['VITEST'] === undefined ? 1 : inject('slowness');

/** Returns a deadline in milliseconds: `ms` on an idle machine, longer on a slow or busy one. */
export function patience(ms: number): number {
  return Math.ceil(ms * slowness);
}

/**
 * Fails when something took longer than this deadline. When it is exceeded, the slowness of the machine is measured
 * again, because its load may have increased since the start of the run.
 * @param took In milliseconds.
 * @param ms The deadline, in milliseconds on an idle machine. By default that of a response that waits for nothing.
 */
export async function expectInTime(took: number, ms = PROMPT_MS): Promise<void> {
  if (took < patience(ms)) return;
  expect(took).toBeLessThan(ms * (await measureSlowness()));
}

interface Waiting {
  /** The deadline, in milliseconds on an idle machine. */
  readonly within?: number;
  /** The time between two checks, in milliseconds. */
  readonly interval?: number;
}

/** Repeats a check until it neither throws nor rejects. */
export function waitFor<T>(check: () => T | Promise<T>, waiting: Waiting = {}): Promise<T> {
  return vi.waitFor(check, vitestOptions(waiting));
}

/** Repeats a check until its result is truthy. Returns the result. */
export function waitUntil<T>(
  question: () => T | Promise<T>,
  waiting: Waiting = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  return vi.waitUntil(question, vitestOptions(waiting));
}

function vitestOptions({ within = CONDITION_MS, interval = LOOK_EVERY_MS }: Waiting) {
  return { timeout: patience(within), interval };
}
