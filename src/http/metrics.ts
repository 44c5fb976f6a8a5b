import { createHash, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Metrics } from '../metrics.js';
import { notFound } from './json-error.js';

export interface MetricsOptions {
  readonly metrics: Metrics;
  /** What a scraper sends as `Authorization: Bearer`. Without it: open, or absent in production. */
  readonly token: string | undefined;
  readonly production: boolean;
}

/** `/metrics`, in the text format of Prometheus. A client that may not read it is answered 404. */
export function metricsRoute({ metrics, token, production }: MetricsOptions): Router {
  const router = Router();
  router.get('/metrics', async (request, response, next) => {
    const admitted = token === undefined ? !production : isBearer(request.get('authorization'), token);
    if (!admitted) {
      notFound(request, response, next);
      return;
    }
    response.set({ 'Cache-Control': 'no-store', 'Content-Type': metrics.contentType }).end(await metrics.text());
  });
  return router;
}

/** Compared by digests: they are of one length, so the time that it takes tells nothing. */
function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
