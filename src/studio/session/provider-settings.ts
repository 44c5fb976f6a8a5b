// Whether people sign in at an OpenID Connect provider, as the server says in a `meta` element (src/http/studio.ts).

interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** The scopes to request, separated by spaces. */
  readonly scope: string;
  /** Further parameters of the request. */
  readonly parameters: Readonly<Record<string, string>>;
}

const said = document.querySelector<HTMLMetaElement>('meta[name="lectern-sign-in"]')?.content;

/** Null when people paste tokens. */
export const provider = said === undefined ? null : (JSON.parse(said) as ProviderSettings);

/** The host at which people sign in, for people to read. */
export const providerHost = provider && new URL(provider.issuer).host;
