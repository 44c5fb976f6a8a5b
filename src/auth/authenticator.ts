import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { LecternError } from '../errors.js';
import { keySetVerifier } from './key-set.js';
import { highestRole, isViewerId, type Viewer } from './viewer.js';

export interface AuthenticatorOptions {
  /** Verifies tokens signed with HS256. Without it and `previousSecret`, such tokens are refused. */
  readonly secret?: string | undefined;
  /** Verifies tokens that were signed with HS256 before the secret was changed. */
  readonly previousSecret?: string | undefined;
  /** The URL of the key set (JWKS) that verifies tokens signed with a key pair. Without it such tokens are refused. */
  readonly jwksUrl?: string | undefined;
  /** The `iss` that tokens must have. Any when absent. */
  readonly issuer?: string | undefined;
  /** The `aud` that tokens must have. Any when absent. */
  readonly audience?: string | undefined;
  /** The claim with the role or the roles: its name, or a path (`realm_access.roles`). */
  readonly roleClaim: string;
  /** How long to wait for the key set, in milliseconds. 5,000 when absent. */
  readonly jwksTimeoutMs?: number;
  /** Returns the time, to check expiry. Absent: the system clock. */
  readonly now?: () => Date;
}

export interface Authenticator {
  /**
   * Returns the viewer that an Authorization header identifies. Returns null without a header.
   * @throws {LecternError} UNAUTHENTICATED when the header has no valid token, SERVICE_UNAVAILABLE when the key set
   *   that is needed cannot be fetched.
   */
  authenticate(authorizationHeader: string | undefined): Promise<Viewer | null>;
}

/** The longest Authorization header that is parsed, in bytes: much longer than tokens are. */
const MAX_HEADER_BYTES = 8 * 1024;
const CLOCK_TOLERANCE_SECONDS = 5;
const JWKS_TIMEOUT_MS = 5_000;

const SECRET_ALGORITHM = 'HS256';
/** The scheme in any case, and exactly one compact JWS. */
const BEARER_TOKEN = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

type Verify = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>;

/**
 * Creates the authenticator. It identifies a viewer by the Authorization header only. Verifying a token costs at most
 * one signature check per secret, or those of `keySetVerifier`.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const secrets = [options.secret, options.previousSecret].filter((secret) => secret !== undefined);
  const verifyBySecret = secrets.length === 0 ? undefined : secretVerifier(secrets);
  const verifyByKeySet =
    options.jwksUrl === undefined
      ? undefined
      : keySetVerifier(options.jwksUrl, options.jwksTimeoutMs ?? JWKS_TIMEOUT_MS);
  const claims: JWTVerifyOptions = {
    requiredClaims: ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  };

  /**
   * HS256 is verified with secrets only, other algorithms with the key set only: a public key must never be a secret.
   */
  function verifierFor(token: string): Verify {
    const verify = algorithmOf(token) === SECRET_ALGORITHM ? verifyBySecret : verifyByKeySet;
    if (verify === undefined) throw refusal('Tokens of this kind are not accepted here.');
    return verify;
  }

  return {
    async authenticate(authorizationHeader) {
      if (authorizationHeader === undefined) return null;
      const token = tokenOf(authorizationHeader);
      const verify = verifierFor(token);
      try {
        const payload = await verify(token, { ...claims, currentDate: options.now?.() ?? new Date() });
        return viewerOf(payload, options.roleClaim);
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw refusal('The token has expired. Sign in again.', error);
        if (error instanceof errors.JOSEError) throw refusal('The token is not valid. Sign in again.', error);
        throw error;
      }
    },
  };
}

function tokenOf(authorizationHeader: string): string {
  if (authorizationHeader.length > MAX_HEADER_BYTES) throw refusal('The token is too long.');
  const token = BEARER_TOKEN.exec(authorizationHeader)?.[1];
  if (token === undefined) throw refusal('The Authorization header must read: Bearer, a space, one token.');
  if (!token.split('.').every(isCanonical)) throw refusal('The token is not valid. Sign in again.');
  return token;
}

/** Returns false for a non-canonical base64 text, so that one token has only one text (for lists of revoked tokens). */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch (error) {
    throw refusal('The token is not valid. Sign in again.', error);
  }
}

/** Tries the secrets in order. */
function secretVerifier(secrets: readonly string[]): Verify {
  const keys = secrets.map((secret) => new TextEncoder().encode(secret));
  return async (token, options) => {
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key, { ...options, algorithms: [SECRET_ALGORITHM] })).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed) || key === keys.at(-1)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  };
}

function viewerOf(payload: JWTPayload, roleClaim: string): Viewer {
  const { sub } = payload;
  const role = highestRole(claimOf(payload, roleClaim));
  if (!isViewerId(sub)) throw refusal('The token names no viewer: its sub claim cannot be used.');
  if (!role) throw refusal('The token gives no role that is known here.');
  return { id: sub, role };
}

/**
 * Returns a claim by its name, or else by its path: `realm_access.roles` is `roles` in `realm_access`. The name is
 * tried first, because names that are URLs contain dots.
 */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split('.').reduce<unknown>((holder, key) => {
    const isHolder = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key);
    return isHolder ? (holder as Record<string, unknown>)[key] : undefined;
  }, payload);
}

/** The message must not contain any part of the token. */
function refusal(message: string, cause?: unknown): LecternError {
  return new LecternError('UNAUTHENTICATED', message, cause === undefined ? {} : { cause });
}
