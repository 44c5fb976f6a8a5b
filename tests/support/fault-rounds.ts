import { expect, inject } from 'vitest';
import type { TestApp } from './app.js';
import { errorCodes } from './graphql-client.js';
import { patience, waitFor } from './patience.js';
import { orphansAfterSweep } from './settled.js';
import type { Operation } from './workload.js';

/** Every request must get a response within this time after a fault, in milliseconds. */
export const ANSWER_WITHIN_MS = patience(30_000);
/** `/readyz` must respond within this time, in milliseconds. The server itself waits for 2 s. */
const READY_WITHIN_MS = patience(5_000);
/** How long a server may take to find out that a dependency is available again, in milliseconds on an idle machine. */
const BACK_WITHIN_MS = 15_000;
/** The time-out of a test that waits until a server aborts operations that hang, in milliseconds. */
export const ROUND_MS = patience(90_000);

/** The outcomes of operations by name: `done`, or the codes of their errors. */
export type Outcomes = Readonly<Record<string, string>>;

/** Sends all operations at the same time. Each must get some response in time. */
export async function sendAll(operations: readonly Operation[]): Promise<Outcomes> {
  const answers = operations.map(async ({ name, send }) => {
    const began = Date.now();
    const answer = await send();
    const ms = Date.now() - began;
    expect(ms, `${name} was answered after ${ms} ms`).toBeLessThan(ANSWER_WITHIN_MS);
    return [name, errorCodes(answer).join() || 'done'] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}

/**
 * The driver repeats a write whose reply was lost. MongoDB then only repeats the reply. SecantusDB carries out the write
 * again, and a second deletion finds nothing. Writes to the embedded database are not repeated.
 */
const DELETED_TWICE = inject('mongodbUri') === null ? [] : ['NOT_FOUND'];

/** Each operation succeeded, or failed because the database was unavailable. */
export function expectDoneOrAway(operations: readonly Operation[], outcomes: Outcomes): void {
  for (const { name, kind } of operations) {
    expect(['done', 'DATABASE_UNAVAILABLE', ...(kind === 'deletion' ? DELETED_TWICE : [])], name).toContain(
      outcomes[name],
    );
  }
}

/** Waits until `/readyz` gives this status. It caches a check for 1 s. Each response must come in time. */
export async function expectReadiness(app: TestApp, expected: 200 | 503): Promise<void> {
  const ask = async (): Promise<void> => {
    const began = Date.now();
    const { status } = await fetch(`${app.origin}/readyz`);
    expect(Date.now() - began).toBeLessThan(READY_WITHIN_MS);
    expect(status).toBe(expected);
  };
  await waitFor(ask, { within: BACK_WITHIN_MS });
}

/**
 * After the fault: the server becomes ready by itself, every answer was correct, and no operation was carried out partly.
 * A sweep leaves nothing behind. Only after DATABASE_UNAVAILABLE an operation may have been carried out or not.
 */
export async function expectEndOf(app: TestApp, operations: readonly Operation[], outcomes: Outcomes): Promise<void> {
  await expectReadiness(app, 200);
  for (const { name, kind, wasDone } of operations) {
    const done = await wasDone();
    const outcome = outcomes[name];
    if (kind === 'query' || outcome === 'DATABASE_UNAVAILABLE') continue;
    expect([name, done]).toEqual([name, outcome === 'done' || outcome === 'NOT_FOUND']);
  }
  expect(await orphansAfterSweep(app)).toEqual([]);
}
