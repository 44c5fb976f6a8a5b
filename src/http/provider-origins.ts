import type { Logger } from 'pino';

/** How long the provider may take to answer, in milliseconds. The first page of the studio waits for it. */
const ANSWER_MS = 3_000;
/** How long the addresses of the provider are used before they are read again, in milliseconds. */
const LIFE_MS = 600_000;
/** The shortest time between a failed attempt and the next one, in milliseconds. */
const FAILURE_PAUSE_MS = 5_000;

/** The endpoints that a page calls (OpenID Connect Discovery 1.0, section 3; RFC 8414). To the others it navigates. */
const CALLED = ['token_endpoint', 'revocation_endpoint'];

/**
 * Returns a function that resolves with the origins that a page must be allowed to call for a sign-in at an OpenID
 * Connect provider. They are not always that of the issuer: Google and Amazon Cognito issue tokens at another one. While
 * the provider does not answer, they are only that of the issuer.
 */
export function providerOrigins(issuer: string, logger: Logger): () => Promise<readonly string[]> {
  const ofIssuer = new URL(issuer).origin;
  let origins: readonly string[] = [ofIssuer];
  let fresh = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    try {
      const called = await calledOrigins(issuer);
      origins = [...new Set([ofIssuer, ...called])];
      fresh = Date.now() + LIFE_MS;
    } catch (error) {
      logger.warn({ err: error, issuer }, 'STUDIO_OIDC_ISSUER does not answer, so signing in to the studio may fail');
      fresh = Date.now() + FAILURE_PAUSE_MS;
    } finally {
      reading = undefined;
    }
  };

  return async () => {
    if (Date.now() >= fresh) await (reading ??= read());
    return origins;
  };
}

async function calledOrigins(issuer: string): Promise<string[]> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`The provider answered with HTTP ${response.status}.`);
  const metadata = (await response.json()) as Readonly<Record<string, unknown>>;
  const addresses = CALLED.map((name) => metadata[name]).filter((value) => typeof value === 'string');
  return addresses.map((address) => new URL(address).origin);
}
