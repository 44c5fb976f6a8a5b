import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import type { Environment } from '../../src/config.js';

/** An OpenID Connect provider on loopback, for one client: the studio. Any name signs in, with any password. */
export interface OidcProvider {
  readonly issuer: string;
  /** The settings of a server whose studio signs in here. */
  readonly environment: Environment;
  /** The grant types of the tokens that it has issued, in order: `authorization_code`, `refresh_token`. */
  readonly grants: readonly string[];
  /** Whether it issues refresh tokens. Tests may change it. */
  refreshTokens: boolean;
  /** Makes a refresh token useless (RFC 7009). */
  revoke(refreshToken: string): Promise<void>;
  close(): Promise<void>;
}

export interface OidcProviderOptions {
  /** The address of the studio, with a slash at the end. */
  readonly studio: string;
  /** The role in the access tokens of a person. Undefined: none. */
  readonly roleOf: (sub: string) => string | undefined;
}

const CLIENT_ID = 'lectern-studio';
/** The `aud` of its access tokens (RFC 8707). */
const AUDIENCE = 'https://lectern.test';
const LIFE_SECONDS = 3_600;

export async function startOidcProvider({ studio, roleOf }: OidcProviderOptions): Promise<OidcProvider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const grants: string[] = [];

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${studio}signed-in`],
        post_logout_redirect_uris: [studio],
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['of the tests alone'] },
    clientBasedCORS: (_context, origin) => origin === new URL(studio).origin,
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub.charAt(0).toUpperCase()}${sub.slice(1)} Test` }),
    }),
    claims: { openid: ['sub'], profile: ['name'] },
    // Puts the claims of `profile` into the ID token.
    conformIdTokenClaims: false,
    extraTokenClaims: (_context, token) => {
      const role = 'accountId' in token ? roleOf(token.accountId) : undefined;
      return role === undefined ? undefined : { role };
    },
    issueRefreshToken: () => oidc.refreshTokens,
    ttl: {
      AccessToken: LIFE_SECONDS,
      AuthorizationCode: LIFE_SECONDS,
      Grant: LIFE_SECONDS,
      IdToken: LIFE_SECONDS,
      Interaction: LIFE_SECONDS,
      RefreshToken: LIFE_SECONDS,
      Session: LIFE_SECONDS,
    },
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: LIFE_SECONDS,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  provider.on('grant.success', (context) => {
    grants.push(String(context.oidc.params?.['grant_type']));
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    void handle(request, response);
  });

  const oidc: OidcProvider = {
    issuer,
    environment: {
      STUDIO_OIDC_ISSUER: issuer,
      STUDIO_OIDC_CLIENT_ID: CLIENT_ID,
      AUTH_JWKS_URL: `${issuer}/jwks`,
      AUTH_ISSUER: issuer,
      AUTH_AUDIENCE: AUDIENCE,
    },
    grants,
    refreshTokens: true,
    revoke: async (refreshToken) => {
      const body = new URLSearchParams({ token: refreshToken, client_id: CLIENT_ID });
      const { status } = await fetch(`${issuer}/token/revocation`, { method: 'POST', body });
      if (status !== 200) throw new Error(`The provider answered with HTTP ${status}.`);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return oidc;
}
