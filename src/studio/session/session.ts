import { useSyncExternalStore } from 'react';
import type { Grant, Tokens } from './tokens.js';

const TOKEN = 'lectern.token';
const GRANT = 'lectern.grant';

/** When a renewed token is refused within this time, the reason is not its expiry. In milliseconds. */
const REFUSED_AT_ONCE_MS = 5_000;

export interface SessionState {
  /** The bearer token. Null without a sign-in. */
  readonly token: string | null;
  /** Absent for a token that was pasted. */
  readonly grant?: Grant;
  /** Whether the server has refused the token. What was refused waits until there is another one. */
  readonly expired: boolean;
}

/** Who is signed in, in this tab: the tokens are in sessionStorage, so they survive a reload and end with the tab. */
class Session {
  #state: SessionState = stored();
  #renewing = false;
  #renewedAt = 0;
  readonly #listeners = new Set<() => void>();

  get state(): SessionState {
    return this.#state;
  }

  signIn({ token, grant }: Tokens): void {
    sessionStorage.setItem(TOKEN, token);
    if (grant) sessionStorage.setItem(GRANT, JSON.stringify(grant));
    else sessionStorage.removeItem(GRANT);
    this.#set({ token, ...(grant && { grant }), expired: false });
  }

  /** Forgets the tokens. The caller loads the page again, so that nothing of the viewer stays in memory. */
  forget(): void {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.removeItem(GRANT);
    this.#set({ token: null, expired: false });
  }

  /**
   * Resolves as soon as there is another token than the one that the server refused: a renewed one, or that of a new
   * sign-in. Never resolves when the person signs out instead: the page is loaded again then.
   */
  replaced(refused: string): Promise<string> {
    if (this.#state.token === refused && !this.#state.expired) void this.#replace(refused);
    return new Promise((resolve) => {
      const look = (): void => {
        const { token, expired } = this.#state;
        if (token === null || token === refused || expired) return;
        this.#listeners.delete(look);
        resolve(token);
      };
      this.#listeners.add(look);
      look();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Renews the token that was refused. Asks the person to sign in again when that is not possible. */
  async #replace(refused: string): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const renewed = await this.#renewed();
    this.#renewing = false;
    // The person may have signed in or out meanwhile.
    if (this.#state.token !== refused) return;
    if (renewed) {
      this.#renewedAt = Date.now();
      this.signIn(renewed);
    } else {
      this.#set({ ...this.#state, expired: true });
    }
  }

  async #renewed(): Promise<Tokens | null> {
    const { refreshToken, ...rest } = this.#state.grant ?? {};
    if (refreshToken === undefined || Date.now() - this.#renewedAt < REFUSED_AT_ONCE_MS) return null;
    try {
      const { renew } = await import('./provider.js');
      return await renew({ ...rest, refreshToken });
    } catch {
      return null;
    }
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

function stored(): SessionState {
  const token = sessionStorage.getItem(TOKEN);
  const grant = sessionStorage.getItem(GRANT);
  return { token, ...(grant !== null && { grant: JSON.parse(grant) as Grant }), expired: false };
}

export const session = new Session();

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** Signs in with a link that ends with `#token=...`, and takes the token out of the address at once. */
export function signInByFragment(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  if (token !== '') session.signIn({ token });
}
