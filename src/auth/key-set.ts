import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type {
  CryptoKey,
  FetchImplementation,
  JSONWebKeySet,
  JWTPayload,
  JWTVerifyGetKey,
  JWTVerifyOptions,
} from 'jose';
import { LecternError } from '../errors.js';

/** Accepted algorithms, all with key pairs. A list, so that a token cannot choose how it is verified. */
const KEY_PAIR_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
];

/** The largest key set that is read, in bytes: a few hundred keys. */
const MAX_KEY_SET_BYTES = 256 * 1024;
/** How long a key set is used before it is fetched again, in milliseconds. */
const KEY_SET_LIFE_MS = 600_000;
/** The shortest time between two fetches that are caused by tokens with unknown keys, in milliseconds. */
const REFETCH_PAUSE_MS = 30_000;
/** The shortest time between a failed fetch and the next one, in milliseconds. */
const FAILED_FETCH_PAUSE_MS = 5_000;
/** How many keys are tried for a token that does not name its key. Each costs a signature check. */
const MAX_KEYS_TRIED = 10;

/**
 * Verifies tokens with the keys that an identity provider publishes. The key set is fetched for the first token, and
 * again when it is too old or a token names an unknown key.
 * Rejects with jose's errors when a token is not valid, and with SERVICE_UNAVAILABLE when the key set cannot be fetched
 * within `timeoutMs` milliseconds.
 */
export function keySetVerifier(
  url: string,
  timeoutMs: number,
): (token: string, options: JWTVerifyOptions) => Promise<JWTPayload> {
  const keySet = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: KEY_SET_LIFE_MS,
    cooldownDuration: REFETCH_PAUSE_MS,
    [customFetch]: boundedFetch(),
  });
  const keyFor: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new LecternError('SERVICE_UNAVAILABLE', 'Tokens cannot be verified at the moment. Try again.', {
        cause: error,
      });
    }
  };

  return async (token, options) => {
    const verifyOptions = { ...options, algorithms: KEY_PAIR_ALGORITHMS };
    try {
      return (await jwtVerify(token, keyFor, verifyOptions)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(error, token, verifyOptions);
      // The algorithm does not allow this key, for example because an RSA key is too short.
      if (error instanceof TypeError) throw new errors.JOSENotSupported('The key cannot be used.', { cause: error });
      throw error;
    }
  };
}

/** A token need not name its key (RFC 7515, section 4.1.4). Then every suitable key is tried (appendix D). */
async function verifyWithAny(
  keys: AsyncIterable<CryptoKey>,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of keys) {
    if (++tried > MAX_KEYS_TRIED) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      const wrongKey = error instanceof errors.JWSSignatureVerificationFailed || error instanceof TypeError;
      if (!wrongKey) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Fetches a key set of bounded size. After a failure, rejects without a request for FAILED_FETCH_PAUSE_MS. */
function boundedFetch(): FetchImplementation {
  let failure: { readonly error: unknown; readonly until: number } | undefined;
  return async (url, options) => {
    if (failure && Date.now() < failure.until) throw failure.error;
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) throw new Error(`The key set was answered with HTTP ${String(response.status)}.`);
      const keySet: unknown = JSON.parse(await readText(response));
      // Throws when it is not a key set.
      createLocalJWKSet(keySet as JSONWebKeySet);
      failure = undefined;
      return Response.json(keySet);
    } catch (error) {
      failure = { error, until: Date.now() + FAILED_FETCH_PAUSE_MS };
      throw error;
    }
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_KEY_SET_BYTES) throw new Error(`The key set has more than ${String(MAX_KEY_SET_BYTES)} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
