import { useApolloClient } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { MoreVideosDocument } from '../gql/graphql.js';

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

interface Rest {
  readonly error: unknown;
  readonly retry: () => void;
}

/** Reads what follows the first page of a topic, page by page, into the cache. */
export function useRestOfVideos(id: string, { hasNextPage, endCursor }: PageInfo): Rest {
  const client = useApolloClient();
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!hasNextPage) return;
    setError(undefined);
    const variables = { id, after: endCursor };
    client.query({ query: MoreVideosDocument, variables, fetchPolicy: 'network-only' }).catch(setError);
  }, [client, id, hasNextPage, endCursor, tries]);
  return { error, retry: () => setTries(tries + 1) };
}
