import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { expressMiddleware } from '@as-integrations/express5';
import type { RequestHandler } from 'express';
import type { GraphQLSchema } from 'graphql';
import type { CatalogContext } from '../catalog/context.js';
import { errorFormatter, type ErrorFormatting } from '../graphql/format-error.js';
import { noSubscriptions } from '../graphql/operation-types.js';
import { responseStatus } from '../graphql/response-status.js';
import type { Telemetry } from '../telemetry.js';
import { operationLog } from './operation-log.js';
import { contextOf } from './request-context.js';
import type { RunningRequests } from './running-requests.js';

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly production: boolean;
  readonly errors: Omit<ErrorFormatting, 'hideSuggestions'>;
  readonly telemetry: Telemetry;
}

/**
 * Creates the Apollo Server. Sandbox, introspection and suggestions are off in production. CSRF prevention is always
 * on.
 */
export function apolloServer({ schema, production, errors, telemetry }: GraphqlOptions): ApolloServer<CatalogContext> {
  return new ApolloServer<CatalogContext>({
    schema,
    introspection: !production,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: production,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    // Off, because the cost guard cannot see the text of a query that is sent as a hash.
    persistedQueries: false,
    validationRules: [noSubscriptions],
    formatError: errorFormatter({ ...errors, hideSuggestions: production }),
    plugins: [
      responseStatus,
      operationLog(telemetry),
      ApolloServerPluginCacheControlDisabled(),
      // It would only be loaded: it traces the queries of subgraphs.
      ApolloServerPluginInlineTraceDisabled(),
      production
        ? ApolloServerPluginLandingPageDisabled()
        : ApolloServerPluginLandingPageLocalDefault({ footer: false }),
    ],
  });
}

/** Runs the operation of a request, after the guards and the parsers. */
export function graphqlHandler(server: ApolloServer<CatalogContext>, running: RunningRequests): RequestHandler {
  return expressMiddleware(server, { context: ({ req }) => Promise.resolve(contextOf(req, running)) });
}
