import type { RequestHandler, Response } from 'express';

export interface CorsRules {
  /** Origins whose pages may read the answers; `*` for all, empty for none. */
  readonly origins: '*' | readonly string[];
  readonly methods: readonly string[];
  /** Request headers that a page may send beside the ones that every page may. */
  readonly requestHeaders: readonly string[];
  /** Response headers that a page may read beside the ones that every page may. */
  readonly exposedHeaders: readonly string[];
}

/** How long a browser may remember the answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for a list of origins, compared as they are written. Never
 * with credentials: who asks is told by a bearer token alone. A preflight is answered here, whoever asks; a page of
 * any other origin is told nothing, and its browser keeps the answers from it.
 */
export function cors(rules: CorsRules): RequestHandler {
  return (request, response, next) => {
    const origin = request.get('origin');
    if (rules.origins !== '*' && rules.origins.length > 0) response.vary('Origin');
    const allowed = origin !== undefined && (rules.origins === '*' || rules.origins.includes(origin));
    if (allowed) response.setHeader('Access-Control-Allow-Origin', rules.origins === '*' ? '*' : origin);
    if (origin !== undefined && request.method === 'OPTIONS' && request.get('access-control-request-method')) {
      if (allowed) allowPreflighted(rules, response);
      response.status(204).end();
      return;
    }
    if (allowed) response.setHeader('Access-Control-Expose-Headers', rules.exposedHeaders.join(', '));
    next();
  };
}

function allowPreflighted({ methods, requestHeaders }: CorsRules, response: Response): void {
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  response.setHeader('Access-Control-Allow-Headers', requestHeaders.join(', '));
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
}

/** For /graphql and the permalinks. */
export function apiCors(origins: CorsRules['origins']): RequestHandler {
  return cors({
    origins,
    methods: ['GET', 'HEAD', 'POST'],
    requestHeaders: [
      'Authorization',
      'Content-Type',
      'Apollo-Require-Preflight',
      'X-Apollo-Operation-Name',
      'Apollographql-Client-Name',
      'Apollographql-Client-Version',
      'X-Request-Id',
      ...RANGE_REQUEST_HEADERS,
    ],
    exposedHeaders: ['X-Request-Id', 'Retry-After', ...FILE_RESPONSE_HEADERS],
  });
}

/** What players and download managers send, and read. A permalink's page sends the same, as a redirect keeps headers. */
const RANGE_REQUEST_HEADERS = ['Range', 'If-Range', 'If-Match', 'If-None-Match', 'If-Modified-Since'];
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
    requestHeaders: [...RANGE_REQUEST_HEADERS, 'X-Request-Id'],
    exposedHeaders: [...FILE_RESPONSE_HEADERS, 'X-Request-Id'],
  });
}
