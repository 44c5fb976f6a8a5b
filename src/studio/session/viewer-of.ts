import { client } from '../api/client.js';
import { codeOf } from '../api/errors.js';
import { ViewerDocument } from '../gql/graphql.js';
import type { Viewer } from './use-viewer.js';

/** Asks the server whose token it is. Null when the server refuses it. */
export async function viewerOf(token: string): Promise<Viewer | null> {
  try {
    const { data } = await client.query({
      query: ViewerDocument,
      fetchPolicy: 'no-cache',
      context: { token, trial: true },
    });
    return data?.viewer ?? null;
  } catch (error) {
    if (codeOf(error) === 'UNAUTHENTICATED') return null;
    throw error;
  }
}
