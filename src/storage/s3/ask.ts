/** The time-out of a plain HTTP request, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Sends a request as a client without credentials does. Does not follow redirects. */
export function ask(url: string, method: string, more: Pick<RequestInit, 'headers' | 'body'> = {}): Promise<Response> {
  return fetch(url, { ...more, method, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
}
