import type { ApolloServerPlugin } from '@apollo/server';

const BAD_REQUEST = 400;

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/#sec-application-json): a client that accepts
 * `application/json` and not the newer `application/graphql-response+json` takes only 200 for an answer of GraphQL, so
 * it gets 200 for an operation that does not parse, validate or take its variables. All other clients get 400 for it,
 * and every client for what is no GraphQL request at all.
 */
export const responseStatus: ApolloServerPlugin = {
  async requestDidStart() {
    // The moment from which the request is known to be one of GraphQL.
    let hasSource = false;
    return {
      async didResolveSource() {
        hasSource = true;
      },
      async willSendResponse({ request, response }) {
        const { status } = response.http;
        if (status === BAD_REQUEST && hasSource && acceptsOnlyJson(request.http?.headers.get('accept'))) {
          response.http.status = 200;
        }
      },
    };
  },
};

/** A client that names neither type, or anything, leaves the choice to the server. */
function acceptsOnlyJson(accept = ''): boolean {
  const types = accept.split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  return types.includes('application/json') && !types.includes('application/graphql-response+json');
}
