import { skipToken } from '@apollo/client/react';

/**
 * The options of the query of a page about one record: shows what is in the cache, and asks the server once. Afterwards
 * the cache is enough, because changes and new URLs of the page are written to it.
 * @param known Whether it is known who is signed in. Before that, nothing is asked.
 */
export function pageOptions(id: string, known: boolean) {
  return known
    ? ({ variables: { id }, fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' } as const)
    : skipToken;
}
