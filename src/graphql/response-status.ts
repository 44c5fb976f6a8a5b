import type { ApolloServerPlugin } from '@apollo/server';

const BAD_REQUEST = 400;

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/#sec-application-json): a client that accepts
 * `application/json`, but not the newer `application/graphql-response+json`, understands only responses with status 200
 * as GraphQL. So it gets 200 for an operation that does not parse, is invalid, or has invalid variables. Other clients
 * get 400. For a request that is not GraphQL, all clients get 400.
 */
export const responseStatus: ApolloServerPlugin = {
  async requestDidStart() {
    // True when the request contains a GraphQL document.
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

/** Whether a client accepts only the older type. Returns false when it names neither of the two. */
function acceptsOnlyJson(accept = ''): boolean {
  const types = accept.split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  return types.includes('application/json') && !types.includes('application/graphql-response+json');
}
