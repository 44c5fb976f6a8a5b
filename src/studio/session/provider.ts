// Signing in at an OpenID Connect provider: authorisation code with PKCE. Loaded only when it is needed.
import { ErrorResponse, ErrorTimeout, OidcClient, type OidcClientSettings } from 'oidc-client-ts';
import { BASE_PATH } from '../api/place.js';
import { words } from '../words.js';
import { provider } from './provider-settings.js';
import type { Grant, Tokens } from './tokens.js';

/** What to do after the sign-in. Kept in `localStorage` while the person is at the provider. */
export type Errand =
  /** Shows the page at this path of the studio. */
  | { readonly next: string }
  /** Gives the tokens to the tab that waits for them: `expected` had signed in there. */
  | { readonly replyTo: string; readonly expected?: string };

export interface Arrival {
  readonly errand: Errand;
  readonly tokens: Tokens;
}

/** A sign-in that did not succeed. The message is a sentence for people. */
export class SignInError extends Error {
  /** What was to be done after the sign-in. Absent when that is not known. */
  readonly errand: Errand | undefined;

  constructor(sentence: string, errand?: Errand, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'SignInError';
    this.errand = errand;
  }
}

/** How long the provider may take to answer, in seconds. */
const ANSWER_SECONDS = 15;

/** The library returns it when the provider issues no ID token with a renewed token. Nothing reads it. */
const NO_PROFILE = { iss: '', sub: '', aud: '', exp: 0, iat: 0 };

const home = `${location.origin}${BASE_PATH}/`;

let client: OidcClient | undefined;

function providerClient(): OidcClient {
  if (provider === null) throw new Error('No provider is configured.');
  const { issuer, clientId, scope, parameters } = provider;
  const { resource, ...others } = parameters;
  const settings: OidcClientSettings = {
    authority: issuer,
    client_id: clientId,
    redirect_uri: `${home}signed-in`,
    post_logout_redirect_uri: home,
    scope,
    extraQueryParams: others,
    // RFC 8707, section 2.2: the access token is for the resource that is named in both requests.
    ...(resource !== undefined && { resource, extraTokenParams: { resource } }),
    requestTimeoutInSeconds: ANSWER_SECONDS,
  };
  return (client ??= new OidcClient(settings));
}

/**
 * Leaves the page for the provider, which leads back to `signed-in`.
 * @param prompt `login`: the provider asks who it is even when it knows.
 */
export async function leaveToSignIn(errand: Errand, prompt?: 'login'): Promise<void> {
  // PKCE needs Web Crypto, which browsers offer to pages from https and from this machine only.
  if (!isSecureContext) throw new SignInError(words.signIn.insecure, errand);
  try {
    const nonce = crypto.randomUUID();
    const { url } = await providerClient().createSigninRequest({ state: errand, nonce, ...(prompt && { prompt }) });
    location.assign(url);
  } catch (cause) {
    throw new SignInError(sentenceOf(cause), errand, { cause });
  }
}

/** Exchanges the code in the address of the page for tokens. Compares state and nonce with those of the request. */
export async function arrive(address: string): Promise<Arrival> {
  const client = providerClient();
  const { state } = await client.readSigninResponseState(address).catch((cause: unknown) => {
    throw new SignInError(words.signIn.unknownState, undefined, { cause });
  });
  const errand = state.data as Errand;
  try {
    return { errand, tokens: tokensOf(await client.processSigninResponse(address)) };
  } catch (cause) {
    throw new SignInError(sentenceOf(cause), errand, { cause });
  }
}

/** Gets a new access token for a refresh token. */
export async function renew(grant: Grant & { readonly refreshToken: string }): Promise<Tokens> {
  const { refreshToken, idToken } = grant;
  const response = await providerClient().useRefreshToken({
    state: { refresh_token: refreshToken, id_token: idToken, session_state: null, profile: NO_PROFILE },
    resource: provider?.parameters['resource'],
    timeoutInSeconds: ANSWER_SECONDS,
  });
  const { token, grant: renewed } = tokensOf(response);
  // A provider need not issue a new refresh token, nor a new ID token.
  return { token, grant: { ...grant, ...renewed } };
}

/**
 * Ends the sign-in at the provider. Returns the address to which the page has to go for that. Returns null when the
 * provider has none.
 */
export async function endSession({ refreshToken, idToken }: Grant): Promise<string | null> {
  const { metadataService } = providerClient();
  if (refreshToken !== undefined && (await metadataService.getRevocationEndpoint()) !== undefined) {
    // Signing out does not depend on it: without a session, most providers refuse a refresh token.
    await providerClient()
      .revokeToken(refreshToken, 'refresh_token')
      .catch(() => undefined);
  }
  if ((await metadataService.getEndSessionEndpoint()) === undefined) return null;
  return (await providerClient().createSignoutRequest({ id_token_hint: idToken })).url;
}

type Response = Awaited<ReturnType<OidcClient['processSigninResponse']>>;

function tokensOf({ access_token, refresh_token, id_token, profile }: Response): Tokens {
  const name = [profile.name, profile.preferred_username, profile.email].find(Boolean);
  return {
    token: access_token,
    grant: {
      ...(refresh_token !== undefined && { refreshToken: refresh_token }),
      ...(id_token !== undefined && { idToken: id_token }),
      ...(name !== undefined && { name }),
    },
  };
}

/** Codes that say that the provider has a problem of its own (OpenID Connect Core 1.0, section 3.1.2.6; RFC 6749). */
const UNAVAILABLE = ['server_error', 'temporarily_unavailable'];

/** Not the provider's own words: they come in the address of the page, so anybody can write them. */
function sentenceOf(error: unknown): string {
  const { signIn } = words;
  if (error instanceof ErrorResponse) {
    const code = error.error ?? '';
    if (code === 'access_denied') return signIn.denied;
    return UNAVAILABLE.includes(code) ? signIn.unavailable : signIn.misconfigured(code);
  }
  return error instanceof TypeError || error instanceof ErrorTimeout ? signIn.unreachable : signIn.invalidAnswer;
}
