import { Router } from 'express';
import { LecternError, type ErrorCode } from '../errors.js';
import type { Timings } from '../timings.js';
import { within } from '../within.js';

export interface HealthChecks {
  /** Returns true when the server is stopping: it still answers, but should get no new clients. */
  readonly isStopping: () => boolean;
  /** The checks of what the server needs, by the error code for its absence. Each rejects when it is not available. */
  readonly needs: Readonly<Partial<Record<ErrorCode, (signal: AbortSignal) => Promise<void>>>>;
  /** Called with the error of a failed check. */
  readonly report: (error: unknown) => void;
  readonly timings: Pick<Timings, 'readiness' | 'readinessRepeated'>;
}

/**
 * `/healthz`: 200 when the process runs. `/readyz`: 200 when all checks pass and the server is not stopping, else 503.
 */
export function health({ isStopping, needs, report, timings }: HealthChecks): Router {
  const isReady = shared(timings.readinessRepeated, async () => {
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
    if (!isStopping() && (await isReady())) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'unavailable' });
  });
  return router;
}

/** Reuses the result of `ask` for calls that come while it runs, or within `ms` milliseconds after it has ended. */
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

/** Rejects when the check has not ended in time, even if it ignores its signal, as a check of a hanging disk does. */
async function inTime(code: ErrorCode, check: (signal: AbortSignal) => Promise<void>, withinMs: number): Promise<void> {
  const signal = AbortSignal.timeout(withinMs);
  await within(withinMs, check(signal), () => {
    throw new LecternError(code, undefined, { cause: signal.reason });
  });
}
