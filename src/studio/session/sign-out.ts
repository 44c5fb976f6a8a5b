import { BASE_PATH } from '../api/place.js';
import { session } from './session.js';
import type { Grant } from './tokens.js';

/** Signs out here and at the provider, if one has issued the token. Leaves the page, so that it forgets everything. */
export async function signOut(): Promise<void> {
  const { grant } = session.state;
  session.forget();
  location.assign((grant && (await endOfSession(grant))) ?? `${BASE_PATH}/`);
}

/**
 * The page of the provider that ends its session. Null when there is none, or when the provider does not answer: then the
 * person is signed out of the studio alone.
 */
async function endOfSession(grant: Grant): Promise<string | null> {
  try {
    const { endSession } = await import('./provider.js');
    return await endSession(grant);
  } catch {
    return null;
  }
}
