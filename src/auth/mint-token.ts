import { SignJWT } from 'jose';
import type { Role } from './viewer.js';

export interface MintTokenOptions {
  readonly secret: string;
  /** The user id. */
  readonly sub: string;
  readonly role: Role;
  readonly roleClaim: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly expiresInSeconds: number;
}

/** Makes an HS256 token, for development. In production an identity provider makes tokens. */
export async function mintToken(options: MintTokenOptions): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ [options.roleClaim]: options.role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(options.sub)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + options.expiresInSeconds);
  if (options.issuer !== undefined) token.setIssuer(options.issuer);
  if (options.audience !== undefined) token.setAudience(options.audience);
  return token.sign(new TextEncoder().encode(options.secret));
}
