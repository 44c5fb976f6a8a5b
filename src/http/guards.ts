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
  /** The total time of a JSON body, in milliseconds. */
  readonly jsonMs: number;
  /** The total time of a multipart body, in milliseconds. */
  readonly multipartMs: number;
}

/** A browser sends these headers to another site only after a preflight (CSRF prevention of Apollo Server). */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

/** A boundary by RFC 2046, section 5.1.1, with or without quotes. */
const BOUNDARY = /;\s*boundary=("[^"]{1,70}"|[^\s";]{1,70})\s*(;|$)/i;

/** Refuses a body by its headers, before any of its bytes is read. */
export function guardBody(limits: BodyLimits): RequestHandler {
  return (request, _response, next) => {
    if (request.method !== 'POST') {
      if (hasBody(request)) throw new LecternError('BAD_REQUEST', 'Only a POST request may have a body.');
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

/** After the guards: tells the client to send its body, and gives up a JSON body that does not arrive in time. */
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
    throw new LecternError('BAD_REQUEST', 'The multipart body has no boundary, or one with more than 70 characters.');
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
    `Send a non-empty header \`${PREFLIGHT_HEADERS.join('` or `')}\`: other sites cannot send it (CSRF prevention).`,
  );
}

/** Refuses an operation that costs too much. Comes after the parsers, so that it checks the operation that will run. */
export function guardCost(check: (request: GraphqlRequest) => void): RequestHandler {
  return (request, _response, next) => {
    check((request.method === 'GET' ? request.query : (request.body as GraphqlRequest | undefined)) ?? {});
    next();
  };
}
