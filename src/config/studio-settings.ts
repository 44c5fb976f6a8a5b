import { ValueRefused } from './faults.js';
import { anyText, type Parser, urlPrefix } from './parsers.js';
import type { Section } from './variable.js';

/** Parameters of the authorisation request that the studio sets itself (OpenID Connect Core 1.0, RFC 7636). */
const OWN_PARAMETERS = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method'],
];

/** `audience=https://media.example.org&prompt=login`, %-encoded like the query of a URL. */
const requestParameters: Parser<Readonly<Record<string, string>>> = (text) => {
  const parameters = [...new URLSearchParams(anyText(text))];
  if (parameters.some(([name, value]) => name === '' || value === '')) {
    throw new ValueRefused(
      'has a parameter without a name or a value',
      'Set name=value, several joined by &, %-encoded like the query of a URL',
    );
  }
  const own = parameters.find(([name]) => OWN_PARAMETERS.includes(name))?.[0];
  if (own !== undefined) throw new ValueRefused(`contains ${own}, which the studio sets itself`, 'Remove it');
  return Object.fromEntries(parameters);
};

/** How people sign in to the studio. */
export const STUDIO = {
  oidcIssuer: {
    name: 'STUDIO_OIDC_ISSUER',
    parse: urlPrefix,
    unset: 'the studio takes pasted tokens only',
    meaning:
      'The http(s) URL of the OpenID Connect provider at which people sign in to the studio. Needs ' +
      'STUDIO_OIDC_CLIENT_ID, and AUTH_JWKS_URL to verify the tokens of the provider.',
  },
  oidcClientId: {
    name: 'STUDIO_OIDC_CLIENT_ID',
    parse: anyText,
    unset: 'none',
    meaning:
      'The id of the studio at STUDIO_OIDC_ISSUER: a public client, with the redirect URI ' +
      '{PUBLIC_URL}/studio/signed-in.',
  },
  oidcScope: {
    name: 'STUDIO_OIDC_SCOPE',
    parse: anyText,
    default: 'openid profile',
    meaning:
      'The scopes that the studio requests, separated by spaces. Most providers issue a refresh token only with ' +
      'offline_access.',
  },
  oidcParameters: {
    name: 'STUDIO_OIDC_PARAMETERS',
    parse: requestParameters,
    unset: 'none',
    meaning:
      'Further parameters of the sign-in request, like the query of a URL: ' +
      'audience=https%3A%2F%2Fmedia.example.org for Auth0.',
  },
} as const satisfies Section;
