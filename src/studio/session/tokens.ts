/** What an OpenID Connect provider has issued besides the token. */
export interface Grant {
  /** Gets a new token without asking the person. */
  readonly refreshToken?: string;
  /** Tells the provider which of its sessions to end. */
  readonly idToken?: string;
  /** The name of the person, to show. */
  readonly name?: string;
}

export interface Tokens {
  /** The bearer token. */
  readonly token: string;
  readonly grant?: Grant;
}
