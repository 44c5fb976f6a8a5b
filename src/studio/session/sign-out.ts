import { BASE_PATH } from '../api/place.js';
import { session } from './session.js';
import type { Grant } from './tokens.js';

/** Signs out here and at the provider, if one has issued the token. Leaves the page, so that it forgets everything. */
export async function signOut(): Promise<void> {
  const { grant } = session.state;
  session.forget();
  location.assign((grant && (await endOfSession(grant))) ?? `${BASE_PATH}/`);
}

/** Null when the provider does not answer: the sign-in here has ended all the same. */
async function endOfSession(grant: Grant): Promise<string | null> {
  try {
    const { endSession } = await import('./provider.js');
    return await endSession(grant);
  } catch {
    return null;
  }
}
