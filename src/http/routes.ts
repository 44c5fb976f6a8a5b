import express, { type Express, type RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.js';
import type { GraphqlRequest } from '../graphql/cost.js';
import type { SignedUrls } from '../media/signed-urls.js';
import type { FileTokens } from '../storage/file-token.js';
import type { Storage } from '../storage/storage.js';
import type { Telemetry } from '../telemetry.js';
import { releaseUnreadBody } from './body-progress.js';
import { filesRouter } from './files.js';
import { guardBody, guardCost, type BodyLimits } from './guards.js';
import { health, type HealthChecks } from './health.js';
import { identify } from './identity.js';
import { errorAsJson, notFound, type ErrorAnswering } from './json-error.js';
import { multipart } from './multipart.js';
import { permalinks, type PermalinkTargets } from './permalinks.js';
import type { RunningRequests } from './running-requests.js';
import { sandboxHeaders, securityHeaders } from './security-headers.js';

export interface RoutesOptions {
  readonly production: boolean;
  readonly authenticator: Authenticator;
  readonly localStorage: Storage;
  readonly fileTokens: FileTokens;
  readonly limits: BodyLimits;
  /** How many files one request may carry. */
  readonly maxFiles: number;
  /** Throws for an operation that costs too much. */
  readonly checkCost: (request: GraphqlRequest) => void;
  readonly health: HealthChecks;
  readonly permalinks: PermalinkTargets;
  readonly signedUrls: SignedUrls;
  readonly running: RunningRequests;
  readonly errors: ErrorAnswering;
  readonly telemetry: Telemetry;
  /** Runs GraphQL operations; see graphql.ts. */
  readonly graphql: RequestHandler;
}

/** The whole order of what a request passes. What a stranger can reach stands before `identify`. */
export function routes(options: RoutesOptions): Express {
  const { limits } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(securityHeaders(), releaseUnreadBody);
  app.use(health(options.health));
  app.use(
    '/files',
    filesRouter({ storage: options.localStorage, tokens: options.fileTokens, logger: options.telemetry.logger }),
  );
  app.use(options.running.track, identify(options.authenticator));
  app.use(permalinks(options.permalinks, options.signedUrls, options.running));
  app.use(
    '/graphql',
    ...(options.production ? [] : [sandboxHeaders()]),
    options.running.refuseUploads,
    guardBody(limits),
    multipart({ maxFiles: options.maxFiles, maxFieldBytes: limits.maxJsonBytes, stallMs: limits.stallMs }),
    express.json({ limit: limits.maxJsonBytes }),
    guardCost(options.checkCost),
    options.graphql,
  );
  app.use(notFound);
  app.use(errorAsJson(options.errors));
  return app;
}
