import express, { type Express, type RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { GraphqlRequest } from '../graphql/cost.js';
import type { SignedUrls } from '../media/signed-urls.js';
import type { FileTokens } from '../storage/file-token.js';
import type { Storage } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { releaseUnreadBody } from './body-progress.js';
import { apiCors, fileCors, type CorsRules } from './cors.js';
import { explorer, hasExplorer } from './explorer.js';
import { filesRouter } from './files.js';
import { guardBody, guardCost, receiveBody, type BodyLimits } from './guards.js';
import { health, type HealthChecks } from './health.js';
import { home } from './home.js';
import { identify } from './identity.js';
import { errorAsJson, notFound, type ErrorAnswering } from './json-error.js';
import { metricsRoute } from './metrics.js';
import { multipart } from './multipart.js';
import { PERMALINK_ROOTS, permalinks, type PermalinkTargets } from './permalinks.js';
import { RateLimits, type RateLimitOptions } from './rate-limits.js';
import { requestLog } from './request-log.js';
import type { RunningRequests } from './running-requests.js';
import { embeddable, sandboxHeaders, securityHeaders } from './security-headers.js';
import { studio, type StudioOptions } from './studio.js';
import { uploadClient } from './upload-client.js';
import { limitUploads, UploadLimit } from './upload-limit.js';

export interface RoutesOptions {
  readonly production: boolean;
  /** The number or the addresses of trusted proxies (`trust proxy` of Express). Absent: none. */
  readonly trustProxy?: number | readonly string[];
  readonly corsOrigins: CorsRules['origins'];
  readonly rateLimits: RateLimitOptions;
  readonly metricsToken: string | undefined;
  readonly authenticator: Authenticator;
  readonly localStorage: Storage;
  readonly fileTokens: FileTokens;
  readonly limits: BodyLimits;
  /** How many files one request may contain. */
  readonly maxFiles: number;
  /** How many uploads by multipart requests may run at the same time. */
  readonly uploadsAtOnce: number;
  /** How many parts of direct uploads may be received at the same time. */
  readonly uploadPartsAtOnce: number;
  /** Whether HSTS applies to the subdomains of this host too. */
  readonly hstsIncludeSubDomains: boolean;
  /** A download is ended when its client has accepted no byte for this time, in milliseconds. */
  readonly downloadStallMs: number;
  /** How long a connection stays open after a response when the request body was not read, in milliseconds. */
  readonly answerReadableMs: number;
  /** Throws when an operation costs too much. */
  readonly checkCost: (request: GraphqlRequest) => void;
  readonly health: HealthChecks;
  readonly permalinks: PermalinkTargets;
  readonly studio: StudioOptions;
  readonly signedUrls: SignedUrls;
  readonly running: RunningRequests;
  readonly errors: Omit<ErrorAnswering, 'noteCode'>;
  readonly telemetry: Telemetry;
  /** Runs GraphQL operations; see graphql.ts. */
  readonly graphql: RequestHandler;
}

/**
 * Builds the Express app: the handlers in the order in which a request passes them. Those before `identify` are public.
 */
export function routes(options: RoutesOptions): Express {
  const { limits, running, telemetry, production, corsOrigins, localStorage: storage, fileTokens: tokens } = options;
  const { logger } = telemetry;
  const signalOf = running.signalOf.bind(running);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  // Parses the query as Apollo does. Otherwise the cost guard could check another operation than the one that runs.
  app.set('query parser', (text: string) => Object.fromEntries(new URLSearchParams(text)));
  if (options.trustProxy !== undefined) app.set('trust proxy', options.trustProxy);
  app.use(
    requestLog(telemetry, (request) => running.hasGivenUp(request)),
    securityHeaders(options),
    releaseUnreadBody(options.answerReadableMs),
  );
  app.use(health(options.health));
  app.use(metricsRoute({ metrics: telemetry.metrics, token: options.metricsToken, production }));
  const hasDocs = !production && hasExplorer();
  app.get('/', home({ production, hasDocs }));
  app.use(studio(options.studio, logger));
  if (hasDocs) app.use(explorer(options.studio.pathPrefix));
  app.use(uploadClient(corsOrigins));
  app.use(running.track);
  app.use(
    '/files',
    fileCors(corsOrigins),
    running.refuseUploads,
    filesRouter({
      storage,
      tokens,
      logger,
      signalOf,
      stallMs: options.downloadStallMs,
      bodyTimes: { stallMs: limits.stallMs, totalMs: limits.multipartMs },
      partLimit: new UploadLimit(options.uploadPartsAtOnce, 'parts of uploads'),
    }),
  );
  app.use(['/graphql', ...PERMALINK_ROOTS], apiCors(corsOrigins));
  app.use(PERMALINK_ROOTS, embeddable);
  app.use(identify(options.authenticator, new RateLimits(options.rateLimits), telemetry));
  app.use(permalinks(options.permalinks, options.signedUrls, running));
  app.use(
    '/graphql',
    ...(production ? [] : [sandboxHeaders()]),
    running.refuseUploads,
    guardBody(limits),
    limitUploads(options.uploadsAtOnce),
    receiveBody(limits),
    multipart({
      maxFiles: options.maxFiles,
      maxFieldBytes: limits.maxJsonBytes,
      maxBytes: limits.maxMultipartBytes,
      stallMs: limits.stallMs,
      totalMs: limits.multipartMs,
      signalOf,
    }),
    express.json({ limit: limits.maxJsonBytes }),
    guardCost(options.checkCost),
    options.graphql,
  );
  app.use(notFound);
  app.use(errorAsJson({ ...options.errors, noteCode: (code) => telemetry.note({ errors: [code] }) }));
  return app;
}
