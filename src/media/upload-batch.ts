import { newId } from '../database/ids.js';
import { LecternError } from '../errors.js';
import type { Telemetry } from '../telemetry.js';
import type { Journal } from './journal/journal.js';
import type { ObjectReference } from './object-reference.js';

export interface UploadBatchOptions {
  readonly journal: Journal;
  readonly telemetry: Telemetry;
  /** How long a pending row of this batch may go without a sign of life, in milliseconds. */
  readonly deadlineMs: number;
  /** Aborts when the client has left, or with a LecternError when the server wants to stop. */
  readonly clientGone: AbortSignal;
}

/** A deadline is postponed this many times before it would pass. */
const RENEWALS_PER_DEADLINE = 3;

/**
 * The uploads of one mutation, or the copy of one file. They fail together, and the journal rows of none of them expire
 * while bytes of any of them move.
 */
export class UploadBatch {
  readonly id = newId();
  /** Aborts when the client has left or one upload of the batch has failed; the reason is the error. */
  readonly signal: AbortSignal;
  private readonly failing = new AbortController();
  private readonly renewing: NodeJS.Timeout;
  private readonly rows: ObjectReference[] = [];
  private isAlive = false;

  constructor(private readonly options: UploadBatchOptions) {
    this.signal = AbortSignal.any([options.clientGone, this.failing.signal]);
    this.renewing = setInterval(() => void this.renew(), options.deadlineMs / RENEWALS_PER_DEADLINE);
    this.renewing.unref();
  }

  /** The deadline of a row that is written or touched now. */
  deadline(): Date {
    return new Date(Date.now() + this.options.deadlineMs);
  }

  /** From now on this object has a pending row, whose deadline the batch postpones. */
  watch(object: ObjectReference): void {
    this.rows.push(object);
  }

  /** A sign of life: bytes came, or a step was taken. */
  readonly heartbeat = (): void => {
    this.isAlive = true;
  };

  /** Ends the other uploads of the batch. The first error is the one that is answered. */
  fail(error: unknown): void {
    this.failing.abort(error);
  }

  /**
   * Waits for something only as long as the batch has not failed: a file that has not begun to arrive may stand behind
   * gigabytes. What arrives after that is handed to `release`.
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
    if (!this.isAlive) return;
    this.isAlive = false;
    const { journal, telemetry } = this.options;
    try {
      const pending = await Promise.all(this.rows.map((row) => journal.touch(row, this.deadline())));
      if (pending.includes(false)) this.fail(new LecternError('UPLOAD_EXPIRED'));
    } catch (error) {
      // The next renewal tries again; if none succeeds the publication is refused with UPLOAD_EXPIRED.
      telemetry.logger.warn({ err: error, batch: this.id }, 'could not postpone the deadlines of an upload');
    }
  }
}
