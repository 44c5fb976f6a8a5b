import { createUploader } from '../../upload-client/index.js';
import { GRAPHQL_URL } from '../api/place.js';
import { session } from '../session/session.js';

let given: string | null = null;

/** The token to send. When it is asked for again, the server has refused it: uploads wait until there is another. */
async function token(): Promise<string | null> {
  const { token: current } = session.state;
  given = current !== null && current === given ? await session.replaced(current) : current;
  return given;
}

export const uploader = createUploader({ endpoint: GRAPHQL_URL, token });
