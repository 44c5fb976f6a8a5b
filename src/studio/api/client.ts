import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { from, mergeMap } from 'rxjs';
import { session } from '../session/session.js';
import { createCache } from './cache.js';
import { codeOf } from './errors.js';
import { GRAPHQL_URL } from './place.js';

interface Context {
  readonly headers?: Readonly<Record<string, string>>;
  /** The token to send instead of the one of the session. */
  readonly token?: string;
  /** True for a trial: a refused token is an answer, and nobody is asked for another. */
  readonly trial?: boolean;
}

/** Sends every operation with the token of the session. */
const authorization = new SetContextLink((given) => {
  const { token = session.state.token ?? undefined, headers } = given as Context;
  return { token, headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) } };
});

/** Holds an operation whose token was refused until the person has signed in again, and then repeats it. */
const signInAgain = new ErrorLink(({ error, operation, forward }) => {
  const { token, trial } = operation.getContext() as Context;
  if (codeOf(error) !== 'UNAUTHENTICATED' || token === undefined || trial) return;
  operation.setContext({ token: undefined });
  return from(session.replaced(token)).pipe(mergeMap(() => forward(operation)));
});

export const client = new ApolloClient({
  cache: createCache(),
  link: ApolloLink.from([signInAgain, authorization, new HttpLink({ uri: GRAPHQL_URL })]),
  dataMasking: true,
});
