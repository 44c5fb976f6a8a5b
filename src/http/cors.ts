import type { Request, RequestHandler, Response } from 'express';

export interface CorsRules {
  /** Origins whose pages may read the answers; `*` for all, empty for none. */
  readonly origins: '*' | readonly string[];
  readonly methods: readonly string[];
  /** Response headers that a page may read beside the ones that every page may. */
  readonly exposedHeaders: readonly string[];
}

/** How long a browser may remember the answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for a list of origins, compared as they are written. Never
 * with credentials: a viewer is known by a bearer token alone. A preflight of any origin is answered here. For an origin
 * that is not listed the answer holds no CORS header, so its browser keeps all answers from the page. (The package
 * `cors` would send the methods and headers also to such an origin, and takes every OPTIONS request for a preflight.)
 */
export function cors(rules: CorsRules): RequestHandler {
  return (request, response, next) => {
    const origin = request.get('origin');
    if (rules.origins !== '*' && rules.origins.length > 0) response.vary('Origin');
    const allowed = origin !== undefined && (rules.origins === '*' || rules.origins.includes(origin));
    if (allowed) response.setHeader('Access-Control-Allow-Origin', rules.origins === '*' ? '*' : origin);
    if (origin !== undefined && request.method === 'OPTIONS' && request.get('access-control-request-method')) {
      if (allowed) allowPreflighted(rules, request, response);
      response.status(204).end();
      return;
    }
    if (allowed) response.setHeader('Access-Control-Expose-Headers', rules.exposedHeaders.join(', '));
    next();
  };
}

/**
 * Any request header may be sent: tracing libraries add theirs, and no header is a credential that a browser adds by
 * itself. They are listed as they were asked for, because `*` would leave out Authorization.
 */
function allowPreflighted({ methods }: CorsRules, request: Request, response: Response): void {
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  const asked = request.get('access-control-request-headers');
  if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked.split(/ *, */).join(', '));
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
}

/** For /graphql and the permalinks. */
export function apiCors(origins: CorsRules['origins']): RequestHandler {
  return cors({
    origins,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'WWW-Authenticate', ...FILE_RESPONSE_HEADERS],
  });
}

/** What players and download managers read. A permalink leads to a file, so they read its answer in the same way. */
const FILE_RESPONSE_HEADERS = [
  'ETag',
  'Content-Range',
  'Accept-Ranges',
  'Content-Length',
  'Content-Disposition',
  'Last-Modified',
];

/** For /files. */
export function fileCors(origins: CorsRules['origins']): RequestHandler {
  return cors({
    origins,
    methods: ['GET', 'HEAD'],
    exposedHeaders: [...FILE_RESPONSE_HEADERS, 'X-Request-Id', 'Retry-After'],
  });
}
