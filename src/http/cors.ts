import type { Request, RequestHandler, Response } from 'express';

export interface CorsRules {
  /** Origins whose pages may read responses. `*`: all origins. Empty: none. */
  readonly origins: '*' | readonly string[];
  readonly methods: readonly string[];
  /** Response headers that a page may read, besides those that CORS always allows. */
  readonly exposedHeaders: readonly string[];
}

/** How long a browser may cache the response to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for a list of origins, which are compared exactly.
 * Credentials are never allowed, because viewers are identified by a bearer token only. Responds to every preflight.
 * For an origin that is not listed, the response has no CORS headers, so browsers do not let its pages read responses.
 * (The package `cors` would send methods and headers to such origins too, and takes every OPTIONS request for a
 * preflight.)
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
 * Allows every request header, because tracing libraries add headers, and no header is a credential that browsers add
 * by themselves. Repeats the requested headers, because `*` would not include Authorization.
 */
function allowPreflighted({ methods }: CorsRules, request: Request, response: Response): void {
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  const asked = request.get('access-control-request-headers');
  if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked.split(/ *, */).join(', '));
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
}

/** The CORS rules of /graphql and the permalinks. */
export function apiCors(origins: CorsRules['origins']): RequestHandler {
  return cors({
    origins,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'WWW-Authenticate', ...FILE_RESPONSE_HEADERS],
  });
}

/** Headers of files that players and download managers read. Permalinks redirect to files, so they expose them too. */
const FILE_RESPONSE_HEADERS = [
  'ETag',
  'Content-Range',
  'Accept-Ranges',
  'Content-Length',
  'Content-Disposition',
  'Last-Modified',
];

/** The CORS rules of /files: pages may read files and send the parts of direct uploads. */
export function fileCors(origins: CorsRules['origins']): RequestHandler {
  return cors({
    origins,
    methods: ['GET', 'HEAD', 'PUT'],
    exposedHeaders: [...FILE_RESPONSE_HEADERS, 'X-Request-Id', 'Retry-After'],
  });
}
