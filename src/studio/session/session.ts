import { useSyncExternalStore } from 'react';

const KEY = 'lectern.token';

export interface SessionState {
  /** The bearer token. Null without a sign-in. */
  readonly token: string | null;
  /** Whether the server has refused the token. What was refused waits until there is another one. */
  readonly expired: boolean;
}

/** Who is signed in, in this tab: the token is kept in sessionStorage, so it survives a reload and ends with the tab. */
class Session {
  #state: SessionState = { token: sessionStorage.getItem(KEY), expired: false };
  readonly #listeners = new Set<() => void>();

  get state(): SessionState {
    return this.#state;
  }

  signIn(token: string): void {
    sessionStorage.setItem(KEY, token);
    this.#set({ token, expired: false });
  }

  /** Forgets the token. The caller loads the page again, so that nothing of the viewer stays in memory. */
  signOut(): void {
    sessionStorage.removeItem(KEY);
    this.#set({ token: null, expired: false });
  }

  /**
   * Resolves as soon as there is another token than the one that the server refused. Asks the person for it.
   * Never resolves when the person signs out instead: the page is loaded again then.
   */
  replaced(refused: string): Promise<string> {
    if (this.#state.token === refused) this.#set({ token: refused, expired: true });
    return new Promise((resolve) => {
      const look = (): void => {
        const { token, expired } = this.#state;
        if (token === null || expired) return;
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

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
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
  if (token !== '') session.signIn(token);
}
