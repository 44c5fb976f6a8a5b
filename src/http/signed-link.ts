import { LecternError } from '../errors.js';
import type { TokenVerdict } from '../storage/file-token.js';

/**
 * Returns what a signed URL allows. Throws FORBIDDEN otherwise: the error is the same for a missing, forged or expired
 * token, and for a key that cannot exist (null).
 */
export function grantOf<Grant>(verdict: TokenVerdict<Grant> | null): Grant {
  if (verdict === null || !verdict.valid) {
    throw new LecternError('FORBIDDEN', 'This link is not valid or has expired. Ask for a new one.');
  }
  return verdict.grant;
}
