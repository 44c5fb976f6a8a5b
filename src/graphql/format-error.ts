import { ApolloServerErrorCode, unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_CATALOGUE, LecternError } from '../errors.js';

export interface ErrorFormatting {
  /** Translates an error of a library to one of the catalogue, when it is recognised. */
  readonly recognise: (error: unknown) => LecternError | undefined;
  /** Takes note, whole, of what an operator should know: defects of ours before they are masked, and what is away. */
  readonly report: (error: unknown) => void;
  /** Leaves out the names of the schema that graphql-js suggests for misspelt ones. */
  readonly hideSuggestions: boolean;
}

/** From this HTTP status on it is not the client's fault. */
export const SERVER_FAULT = 500;

/** Codes of Apollo that are part of our catalogue under another name. */
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
 * Turns whatever went wrong into what a client may see: errors of the catalogue as they are, errors that graphql-js
 * and Apollo raised for the client's mistakes under their code, and everything else as a masked
 * INTERNAL_SERVER_ERROR, reported whole.
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

/** graphql-js ends a message so. Apollo takes it off validation errors only, not off those of variables. */
function withoutSuggestions(message: string): string {
  return message.replace(/ ?Did you mean .+\?/s, '');
}

/** What a client gets in `extensions`, in GraphQL results and in plain HTTP answers alike. */
export function describeError(error: LecternError): Record<string, unknown> {
  return { code: error.code, retryable: error.retryable, ...(error.fields && { fields: error.fields }) };
}

function located(formatted: GraphQLFormattedError): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  return {
    ...(formatted.locations && { locations: formatted.locations }),
    ...(formatted.path && { path: formatted.path }),
  };
}
