import { Router } from 'express';

export interface HealthChecks {
  /** Rejects when the server cannot do its work now. */
  readonly ready: () => Promise<void>;
  /** Takes note of why it cannot. */
  readonly report: (error: unknown) => void;
}

/** `/healthz`: the process lives. `/readyz`: it can do its work, else 503. */
export function health({ ready, report }: HealthChecks): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    response.set('Cache-Control', 'no-store');
    try {
      await ready();
      response.json({ status: 'ready' });
    } catch (error) {
      report(error);
      response.status(503).json({ status: 'unavailable' });
    }
  });
  return router;
}
