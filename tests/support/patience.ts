import { expect, inject, vi } from 'vitest';
import { measureSlowness } from './slowness.js';

/** How long a test waits for a condition at most, in milliseconds on a quiet machine. */
const CONDITION_MS = 20_000;
const LOOK_EVERY_MS = 20;
/**
 * An answer that waits for nothing comes within this time, in milliseconds on a quiet machine: long enough for a busy
 * one, and shorter than every time-out that could have ended the wait.
 */
export const PROMPT_MS = 5_000;

/** By how much deadlines are longer on this machine; see slowness.ts. Outside of vitest (the fuzzer, measurements) 1. */
export const slowness = process.env['VITEST'] === undefined ? 1 : inject('slowness');

/** A deadline: so many milliseconds on a quiet machine, longer on a slow or busy one. */
export function patience(ms: number): number {
  return Math.ceil(ms * slowness);
}

/**
 * Fails when something took longer than this deadline. What took too long for the machine at the start of the run is
 * compared with the machine as it is now: others may have begun to use it.
 * @param took in milliseconds
 * @param ms the deadline, in milliseconds on a quiet machine
 */
export async function expectInTime(took: number, ms: number): Promise<void> {
  if (took < patience(ms)) return;
  expect(took).toBeLessThan(ms * (await measureSlowness()));
}

interface Waiting {
  /** Milliseconds on a quiet machine. */
  readonly within?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/** Repeats a check that throws, or rejects, until it passes. */
export function waitFor<T>(check: () => T | Promise<T>, waiting: Waiting = {}): Promise<T> {
  return vi.waitFor(check, vitestOptions(waiting));
}

/** Repeats a question until its answer is truthy, and returns that. */
export function waitUntil<T>(
  question: () => T | Promise<T>,
  waiting: Waiting = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  return vi.waitUntil(question, vitestOptions(waiting));
}

function vitestOptions({ within = CONDITION_MS, interval = LOOK_EVERY_MS }: Waiting) {
  return { timeout: patience(within), interval };
}
