import { Router } from 'express';
import { LecternError, type ErrorCode } from '../errors.js';
import { within } from '../within.js';

export interface HealthChecks {
  /** Whether the server is stopping: it still works, and wants no new clients. */
  readonly isStopping: () => boolean;
  /** What the server cannot work without, under the code that says it is away. Each rejects when it is. */
  readonly needs: Readonly<Partial<Record<ErrorCode, (signal: AbortSignal) => Promise<void>>>>;
  /** Takes note of what is away. */
  readonly report: (error: unknown) => void;
}

/** How long `/readyz` waits for what it asks, in milliseconds. Those who ask it wait seconds themselves. */
export const READY_WITHIN_MS = 2_000;
/** How long the outcome of a check is told to others who ask, in milliseconds: strangers cannot keep the database busy. */
const TOLD_FOR_MS = 1_000;

/** `/healthz`: the process lives. `/readyz`: it can do its work and goes on doing it, else 503. */
export function health({ isStopping, needs, report }: HealthChecks): Router {
  const isFit = shared(TOLD_FOR_MS, async () => {
    try {
      await Promise.all(Object.entries(needs).map(([code, check]) => inTime(code as ErrorCode, check)));
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  });
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    response.set('Cache-Control', 'no-store');
    if (!isStopping() && (await isFit())) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'unavailable' });
  });
  return router;
}

/** Whoever asks while an answer is sought, or within so many milliseconds from then on, gets that answer. */
function shared<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let answeredAt = Infinity;
  return () => {
    if (answer === undefined || performance.now() - answeredAt >= ms) {
      answeredAt = Infinity;
      answer = ask();
      void answer.finally(() => (answeredAt = performance.now()));
    }
    return answer;
  };
}

/** A check fails when it has not ended in time, even if it ignores its signal: one of a disk that hangs, say. */
async function inTime(code: ErrorCode, check: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  await within(READY_WITHIN_MS, check(signal), () => {
    throw new LecternError(code, undefined, { cause: signal.reason });
  });
}
