import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { LecternError } from '../errors.js';
import { describeError, SERVER_FAULT } from '../graphql/format-error.js';
import { jsonFault } from './json-fault.js';

/** The Retry-After of a 503, in seconds: long enough for a restart or a failover. */
const RETRY_AFTER_SECONDS = 5;

/** Refuses a whole request with a GraphQL error as JSON, the error's status and no `data`. */
export function refuse(response: Response, error: LecternError): void {
  adviseClient(response, error.status);
  response.status(error.status).json(refusalBody(error));
}

/**
 * Adds the headers that belong to a status: WWW-Authenticate for 401 (RFC 9110, section 15.5.2; RFC 6750, section 3)
 * and Retry-After for 503 (RFC 9110, section 15.6.4). For 429 rate-limits.ts sets Retry-After.
 */
export function adviseClient(response: Response, status: number): void {
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
}

/** The JSON body of a refusal. */
export function refusalBody(error: LecternError): object {
  return { errors: [{ message: error.message, extensions: describeError(error) }] };
}

export interface ErrorAnswering {
  /** Translates an error that is known, such as one of the database. Returns undefined for any other. */
  readonly recognise: (error: unknown) => LecternError | undefined;
  /** Logs an error of the server. */
  readonly report: (error: unknown) => void;
  /** Adds the error code to the log line of the request. */
  readonly noteCode: (code: string) => void;
}

/** Responds to every request that failed outside GraphQL, as JSON and without a stack trace. */
export function errorAsJson({ recognise, report, noteCode }: ErrorAnswering): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = error instanceof LecternError ? error : (requestFault(error) ?? recognise(error));
    if (!known || known.status >= SERVER_FAULT) report(known ?? error);
    const refusal = known ?? new LecternError('INTERNAL_SERVER_ERROR', undefined, { cause: error });
    noteCode(refusal.code);
    refuse(response, refusal);
  };
}

/** Translates errors of Express and its body parser that are the client's fault: they have a 4xx `status`. */
function requestFault(error: unknown): LecternError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, type, body, limit, message } = error as Error & Partial<BodyParserError>;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  if (type === 'entity.too.large') return jsonTooLarge(limit ?? 0, error);
  if (type === 'entity.parse.failed') {
    const fault = jsonFault(body ?? '');
    const text = fault === undefined ? 'The body is not a JSON object.' : `The body is not valid JSON (${fault}).`;
    return new LecternError('BAD_REQUEST', text, { cause: error });
  }
  if (status === 415) return new LecternError('UNSUPPORTED_MEDIA_TYPE', message, { cause: error });
  return new LecternError('BAD_REQUEST', message, { cause: error });
}

/** The fields of a body parser error: https://github.com/expressjs/body-parser#errors */
interface BodyParserError {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly limit: number;
}

/** The error for a JSON body above the limit: status 413 (RFC 9110, section 15.5.14). */
export function jsonTooLarge(maxBytes: number, cause?: unknown): LecternError {
  return new LecternError('BAD_REQUEST', `The JSON is larger than ${maxBytes} bytes.`, { status: 413, cause });
}

export const notFound: RequestHandler = (_request, response) => {
  refuse(response, new LecternError('NOT_FOUND', 'There is nothing at this address.'));
};
