import { createHash, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Metrics } from '../metrics.js';
import { notFound } from './json-error.js';

export interface MetricsOptions {
  readonly metrics: Metrics;
  /** The token in a scraper's `Authorization: Bearer`. Without it the metrics are public, and absent in production. */
  readonly token: string | undefined;
  readonly production: boolean;
}

/** Serves `/metrics` in the text format of Prometheus. A client that may not read it gets 404. */
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

/** Compares digests, which have equal lengths, so that the time it takes reveals nothing about the token. */
function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
