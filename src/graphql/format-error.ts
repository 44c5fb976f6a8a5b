import { ApolloServerErrorCode, unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_CATALOGUE, LecternError } from '../errors.js';

export interface ErrorFormatting {
  /** Translates a known error of a library to one of the catalogue. Returns undefined for any other. */
  readonly recognise: (error: unknown) => LecternError | undefined;
  /** Logs an error with all details: a defect before it is masked, or a database or storage that is not available. */
  readonly report: (error: unknown) => void;
  /** Removes the "Did you mean" suggestions of graphql-js, which reveal names of the schema. */
  readonly hideSuggestions: boolean;
}

/** Errors with this HTTP status or a higher one are not the client's fault. */
export const SERVER_FAULT = 500;

/** Apollo's error codes, and the codes of our catalogue for them. */
const APOLLO_CODES: Readonly<Record<string, string>> = {
  [ApolloServerErrorCode.BAD_REQUEST]: 'BAD_REQUEST',
  [ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE]: 'BAD_REQUEST',
  [ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND]: 'BAD_REQUEST',
  [ApolloServerErrorCode.PERSISTED_QUERY_NOT_SUPPORTED]: 'BAD_REQUEST',
  [ApolloServerErrorCode.BAD_USER_INPUT]: 'BAD_USER_INPUT',
  [ApolloServerErrorCode.GRAPHQL_PARSE_FAILED]: 'GRAPHQL_PARSE_FAILED',
  [ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED]: 'GRAPHQL_VALIDATION_FAILED',
};

/**
 * Returns a function that formats errors for clients. Errors of the catalogue are shown as they are, and those of
 * graphql-js and Apollo about a client's mistakes with their code. Every other error is logged with all details, and
 * the client sees only INTERNAL_SERVER_ERROR.
 */
export function errorFormatter(
  options: ErrorFormatting,
): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return (formatted, error) => {
    const original = unwrapResolverError(error);
    const known = original instanceof LecternError ? original : options.recognise(original);
    if (known && known.status >= SERVER_FAULT) options.report(known);
    if (known) return { ...located(formatted), message: known.message, extensions: describeError(known) };
    const code = APOLLO_CODES[String(formatted.extensions?.['code'])];
    if (code !== undefined && original instanceof GraphQLError) {
      const message = options.hideSuggestions ? withoutSuggestions(formatted.message) : formatted.message;
      return { ...located(formatted), message, extensions: { code, retryable: false } };
    }
    options.report(original);
    const { message } = ERROR_CATALOGUE.INTERNAL_SERVER_ERROR;
    return { ...located(formatted), message, extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false } };
  };
}

/** Removes the suggestion at the end of a message. Apollo does so for validation errors, but not for variables. */
function withoutSuggestions(message: string): string {
  return message.replace(/ ?Did you mean .+\?/s, '');
}

/** The `extensions` of an error, in GraphQL results and in other HTTP responses. */
export function describeError(error: LecternError): Record<string, unknown> {
  return { code: error.code, retryable: error.retryable, ...(error.fields && { fields: error.fields }) };
}

function located(formatted: GraphQLFormattedError): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  return {
    ...(formatted.locations && { locations: formatted.locations }),
    ...(formatted.path && { path: formatted.path }),
  };
}
