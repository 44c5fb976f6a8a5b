import { UploadError } from './api.js';

/** A failure that passes by itself: the same call, or the same part, is tried again. */
export class TransientFailure extends UploadError {
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, details: { readonly cause?: unknown; readonly retryAfter?: number } = {}) {
    super(code, message, { retryable: true, ...('cause' in details && { cause: details.cause }) });
    this.retryAfter = details.retryAfter;
  }
}

/** No answer came: no network, a connection that broke, or a server that is not there. */
export function networkFailure(who: 'server' | 'storage', cause?: unknown): TransientFailure {
  return new TransientFailure('NETWORK', `The ${who} could not be reached. Check the network and try again.`, {
    ...(cause !== undefined && { cause }),
  });
}
