import { newId } from '../database/ids.js';
import { LecternError } from '../errors.js';
import type { Telemetry } from '../telemetry.js';
import type { Journal } from './journal/journal.js';

export interface UploadBatchOptions {
  readonly journal: Journal;
  readonly telemetry: Telemetry;
  /** How long a pending row of this batch may go without a sign of life, in milliseconds. */
  readonly deadlineMs: number;
  /** Aborts when the client has gone, or with a LecternError when the server wants to stop. */
  readonly clientGone: AbortSignal;
}

/** A deadline is renewed this many times before it would pass. */
const RENEWALS_PER_DEADLINE = 3;

/**
 * The uploads of one mutation. They fail together, and while any of them moves none of their journal rows expires.
 */
export class UploadBatch {
  readonly id = newId();
  /** Aborts when the client has gone or one upload of the batch has failed; the reason is the error. */
  readonly signal: AbortSignal;
  private readonly failing = new AbortController();
  private readonly renewing: NodeJS.Timeout;
  private hasMoved = false;

  constructor(private readonly options: UploadBatchOptions) {
    this.signal = AbortSignal.any([options.clientGone, this.failing.signal]);
    this.renewing = setInterval(() => void this.renew(), options.deadlineMs / RENEWALS_PER_DEADLINE);
    this.renewing.unref();
  }

  /** The moment from which a row without further signs of life may be swept. */
  deadline(): Date {
    return new Date(Date.now() + this.options.deadlineMs);
  }

  /** A sign of life: bytes came, or a step was taken. */
  readonly moved = (): void => {
    this.hasMoved = true;
  };

  /** Ends the other uploads of the batch. The first error is the one that is told. */
  fail(error: unknown): void {
    this.failing.abort(error);
  }

  /**
   * Waits for something only as long as the batch has not failed: a file that has not begun to arrive may stand behind
   * gigabytes. What comes all the same is handed to `release`.
   */
  async unlessFailed<T>(awaited: Promise<T>, release: (late: T) => void): Promise<T> {
    let onAbort = (): void => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      onAbort = (): void => reject(this.failure);
    });
    if (this.signal.aborted) onAbort();
    else this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([awaited, failed]);
    } catch (error) {
      awaited.then(release, () => undefined);
      throw error;
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  get failure(): Error {
    if (this.failing.signal.aborted) return this.failing.signal.reason as Error;
    const reason: unknown = this.signal.reason;
    if (reason instanceof LecternError) return reason;
    return new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: reason });
  }

  end(): void {
    clearInterval(this.renewing);
  }

  private async renew(): Promise<void> {
    if (!this.hasMoved) return;
    this.hasMoved = false;
    try {
      await this.options.journal.extend(this.id, this.deadline());
    } catch (error) {
      // The next renewal tries again; if none succeeds the publication is refused with UPLOAD_EXPIRED.
      this.options.telemetry.logger.warn({ err: error, batch: this.id }, 'could not extend the deadlines of an upload');
    }
  }
}
