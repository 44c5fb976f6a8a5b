import { Router } from 'express';
import { LecternError, type ErrorCode } from '../errors.js';
import type { Timings } from '../timings.js';
import { within } from '../within.js';

export interface HealthChecks {
  /** Whether the server is stopping: it still works, and wants no new clients. */
  readonly isStopping: () => boolean;
  /** What the server cannot work without, under the code that says it is away. Each rejects when it is. */
  readonly needs: Readonly<Partial<Record<ErrorCode, (signal: AbortSignal) => Promise<void>>>>;
  /** Takes note of what is away. */
  readonly report: (error: unknown) => void;
  readonly timings: Pick<Timings, 'readiness' | 'readinessRepeated'>;
}

/** `/healthz`: the process lives. `/readyz`: it can do its work and goes on doing it, else 503. */
export function health({ isStopping, needs, report, timings }: HealthChecks): Router {
  const isFit = shared(timings.readinessRepeated, async () => {
    try {
      await Promise.all(
        Object.entries(needs).map(([code, check]) => inTime(code as ErrorCode, check, timings.readiness)),
      );
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

/** A request that comes while the check runs, or within so many milliseconds after its start, gets its answer. */
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
async function inTime(code: ErrorCode, check: (signal: AbortSignal) => Promise<void>, withinMs: number): Promise<void> {
  const signal = AbortSignal.timeout(withinMs);
  await within(withinMs, check(signal), () => {
    throw new LecternError(code, undefined, { cause: signal.reason });
  });
}
