import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { LecternError } from '../errors.js';
import { describeError, SERVER_FAULT } from '../graphql/format-error.js';

/** A refusal of a whole request: a GraphQL error as JSON with the status of its code, and no `data`. */
export function refuse(response: Response, error: LecternError): void {
  response.status(error.status).json(refusalBody(error));
}

/** What such an answer says. */
export function refusalBody(error: LecternError): object {
  return { errors: [{ message: error.message, extensions: describeError(error) }] };
}

export interface ErrorAnswering {
  readonly recognise: (error: unknown) => LecternError | undefined;
  readonly report: (error: unknown) => void;
}

/** The last stop of every request that failed outside of GraphQL. Never HTML, never a stack. */
export function errorAsJson({ recognise, report }: ErrorAnswering): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const known = error instanceof LecternError ? error : (requestFault(error) ?? recognise(error));
    if (!known || known.status >= SERVER_FAULT) report(known ?? error);
    refuse(response, known ?? new LecternError('INTERNAL_SERVER_ERROR', undefined, { cause: error }));
  };
}

/** Express and its parsers mark the client's faults with a 4xx `status`. */
function requestFault(error: unknown): LecternError | undefined {
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  return new LecternError('BAD_REQUEST', error instanceof Error ? error.message : undefined, { cause: error });
}

export const notFound: RequestHandler = (_request, response) => {
  refuse(response, new LecternError('NOT_FOUND', 'There is nothing at this address.'));
};
