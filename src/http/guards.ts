import type { Request, RequestHandler } from 'express';
import { LecternError } from '../errors.js';
import type { GraphqlRequest } from '../graphql/cost.js';
import { askForBody, hasBody, watchBody } from './body-progress.js';
import { isSignedIn } from './identity.js';
import { jsonTooLarge, refuse } from './json-error.js';

export interface BodyLimits {
  /** The largest JSON body, in bytes. */
  readonly maxJsonBytes: number;
  /** The largest multipart body, in bytes. */
  readonly maxMultipartBytes: number;
  /** How long no byte of a body may arrive, in milliseconds. */
  readonly stallMs: number;
  /** How long a JSON body may take in all, in milliseconds. */
  readonly jsonMs: number;
  /** How long a multipart body may take in all, in milliseconds. */
  readonly multipartMs: number;
}

/** A browser sends none of these headers to another site without asking it first (Apollo Server's CSRF prevention). */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

/** RFC 2046, section 5.1.1, with the quotes that a value may have and the parser does without. */
const BOUNDARY = /;\s*boundary=("[^"]{1,70}"|[^\s";]{1,70})\s*(;|$)/i;

/** Refuses a body that will not be taken, before a byte of it is read. */
export function guardBody(limits: BodyLimits): RequestHandler {
  return (request, _response, next) => {
    if (request.method !== 'POST') {
      if (hasBody(request)) throw new LecternError('BAD_REQUEST', 'Only a POST request has a body here.');
      next();
      return;
    }
    if (!hasBody(request)) throw new LecternError('BAD_REQUEST', 'The request has no body.');
    const isMultipart = Boolean(request.is('multipart/form-data'));
    const length = Number(request.get('content-length') ?? 0);
    if (isMultipart) {
      checkMultipart(request);
    } else if (!request.is('application/json')) {
      checkPreflight(request);
      throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json, or multipart/form-data with files.');
    }
    if (isMultipart && length > limits.maxMultipartBytes) {
      throw new LecternError('FILE_TOO_LARGE', `The request is larger than ${limits.maxMultipartBytes} bytes.`);
    }
    if (!isMultipart && length > limits.maxJsonBytes) throw jsonTooLarge(limits.maxJsonBytes);
    next();
  };
}

/** Tells the client to send its body, and gives up JSON that does not arrive in time. Behind the guards. */
export function receiveBody({ stallMs, jsonMs }: BodyLimits): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'POST' && !request.is('multipart/form-data')) {
      watchBody(request, { stallMs, totalMs: jsonMs }, (reason) => {
        if (!response.headersSent) refuse(response, new LecternError('BAD_REQUEST', reason));
      });
    }
    askForBody(request, response);
    next();
  };
}

function checkMultipart(request: Request): void {
  checkPreflight(request);
  if (!BOUNDARY.test(request.get('content-type') ?? '')) {
    throw new LecternError('BAD_REQUEST', 'The multipart body has no boundary, or one of more than 70 characters.');
  }
  if ((request.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new LecternError('UNSUPPORTED_MEDIA_TYPE', 'Send a multipart body without a Content-Encoding.');
  }
  if (!isSignedIn(request)) throw new LecternError('UNAUTHENTICATED', 'Sign in to upload files.');
}

function checkPreflight(request: Request): void {
  if (PREFLIGHT_HEADERS.some((name) => request.get(name))) return;
  throw new LecternError(
    'BAD_REQUEST',
    `Send a non-empty header \`${PREFLIGHT_HEADERS.join('` or `')}\`: it keeps other web sites from sending this request.`,
  );
}

/** Refuses an operation that costs too much. Behind the parsers, so that it sees what would be run. */
export function guardCost(check: (request: GraphqlRequest) => void): RequestHandler {
  return (request, _response, next) => {
    check((request.method === 'GET' ? request.query : (request.body as GraphqlRequest | undefined)) ?? {});
    next();
  };
}
