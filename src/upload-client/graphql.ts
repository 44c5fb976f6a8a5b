import { UploadError, type UploaderOptions, type UploadToken } from './api.js';
import type { Timings } from './timings.js';
import { networkFailure, TransientFailure } from './transient-failure.js';
import { Watchdog } from './watchdog.js';

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The header `Retry-After`, where the server lets this page read it. */
  readonly retryAfter: string | null;
}

interface GraphqlResult {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string; readonly retryable?: boolean };
  }[];
}

/** Codes of temporary failures: the server is restarting, busy, or cannot reach its storage or database. */
const PASSING = ['RATE_LIMITED', 'STORAGE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'];

/** Speaks to one GraphQL endpoint in the name of one viewer. */
export class GraphqlClient {
  #token: Promise<UploadToken> | undefined;

  constructor(
    private readonly options: UploaderOptions,
    private readonly timings: Pick<Timings, 'stall'>,
  ) {}

  get endpoint(): string {
    return this.options.endpoint;
  }

  /** Runs an operation once. Rejects with an UploadError: a TransientFailure when trying again can help. */
  async run<T>(query: string, variables: object, signal: AbortSignal): Promise<T> {
    return this.asViewer((authorization) => this.#post({ query, variables }, authorization, signal));
  }

  /** Sends a request with the token, and once more with a new token when the server refuses the first. */
  async asViewer<T>(send: (authorization: Readonly<Record<string, string>>) => Promise<Answer>): Promise<T> {
    const { token } = this.options;
    const used = (this.#token ??= this.#ask());
    try {
      return dataOf(await send(authorization(await used))) as T;
    } catch (error) {
      const refused = error instanceof UploadError && error.code === 'UNAUTHENTICATED';
      if (!refused || typeof token !== 'function') throw error;
      // Another call may have asked already.
      if (this.#token === used) this.#token = this.#ask();
      return dataOf(await send(authorization(await this.#token))) as T;
    }
  }

  #ask(): Promise<UploadToken> {
    const { token } = this.options;
    if (typeof token !== 'function') return Promise.resolve(token);
    const asked = (async () => token())();
    // A function that failed is called again at the next request.
    asked.catch(() => {
      if (this.#token === asked) this.#token = undefined;
    });
    return asked;
  }

  async #post(body: object, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const watchdog = new Watchdog(this.timings.stall, signal);
    try {
      const response = await fetch(this.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: watchdog.signal,
      });
      return {
        status: response.status,
        text: await response.text(),
        retryAfter: response.headers.get('retry-after'),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw networkFailure('server', error);
    } finally {
      watchdog.end();
    }
  }
}

function authorization(token: UploadToken): Readonly<Record<string, string>> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** The data of an answer. Throws its first error, or that it is no answer of a GraphQL server. */
function dataOf({ status, text, retryAfter }: Answer): unknown {
  const result = parse(text);
  const error = result?.errors?.[0];
  if (error) {
    const code = error.extensions?.code ?? 'INTERNAL_SERVER_ERROR';
    if (!PASSING.includes(code)) throw new UploadError(code, error.message, error.extensions ?? {});
    const seconds = Number(retryAfter ?? '');
    throw new TransientFailure(code, error.message, { ...(seconds > 0 && { retryAfter: seconds * 1_000 }) });
  }
  if (result?.data !== undefined && result.data !== null) return result.data;
  const sentence = `The server answered with status ${status}, and not in GraphQL.`;
  // A proxy in front of a server that restarts.
  if (status >= 500 || status === 429) throw new TransientFailure('NETWORK', sentence);
  throw new UploadError('NETWORK', sentence);
}

function parse(text: string): GraphqlResult | undefined {
  try {
    return (JSON.parse(text) as GraphqlResult | null) ?? undefined;
  } catch {
    return undefined;
  }
}
