import { Router } from 'express';

export interface HealthChecks {
  readonly isStopping: () => boolean;
  /** Rejects when the server cannot do its work now. */
  readonly check: () => Promise<void>;
  /** Takes note of why it cannot. */
  readonly report: (error: unknown) => void;
}

/** How long the outcome of a check is told to others who ask, in milliseconds: strangers cannot keep the database busy. */
const TOLD_FOR_MS = 1_000;

/** `/healthz`: the process lives. `/readyz`: it can do its work and is not stopping, else 503. */
export function health({ isStopping, check, report }: HealthChecks): Router {
  const isFit = shared(TOLD_FOR_MS, async () => {
    try {
      await check();
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
