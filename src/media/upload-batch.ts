import { newId } from '../database/ids.js';
import { LecternError } from '../errors.js';
import { RepeatedTask } from '../repeated-task.js';
import type { Telemetry } from '../telemetry.js';
import type { Journal } from './journal/journal.js';
import type { ObjectReference } from './object-reference.js';

export interface UploadBatchOptions {
  readonly journal: Journal;
  readonly telemetry: Telemetry;
  /** How long the batch may make no progress before its pending rows expire, in milliseconds. */
  readonly deadlineMs: number;
  /** Aborts when the client has disconnected, or (with a LecternError) when the server stops. */
  readonly clientGone: AbortSignal;
}

/** How often a deadline is renewed during its own length. */
const RENEWALS_PER_DEADLINE = 3;

/**
 * The uploads of one mutation, or the copy of one file by a migration. When one fails, all fail. As long as one makes
 * progress, the batch renews the deadlines of all their journal rows.
 */
export class UploadBatch {
  readonly id = newId();
  /** Aborts when the client has disconnected or one upload of the batch has failed. The reason is the error. */
  readonly signal: AbortSignal;
  private readonly failing = new AbortController();
  private readonly renewal: RepeatedTask;
  private readonly rows: ObjectReference[] = [];
  private isAlive = false;

  constructor(private readonly options: UploadBatchOptions) {
    this.signal = AbortSignal.any([options.clientGone, this.failing.signal]);
    this.renewal = new RepeatedTask({
      everyMs: options.deadlineMs / RENEWALS_PER_DEADLINE,
      run: () => this.renew(),
      // The next renewal tries again. If none succeeds, the row expires and the file is not published (UPLOAD_EXPIRED).
      onError: (error) =>
        options.telemetry.logger.warn({ err: error, batch: this.id }, 'could not renew the deadlines of an upload'),
    });
  }

  /** The deadline for a row that is written or renewed now. */
  deadline(): Date {
    return new Date(Date.now() + this.options.deadlineMs);
  }

  /** Adds an object that has a pending row: the batch renews its deadline from now on. */
  watch(object: ObjectReference): void {
    this.rows.push(object);
  }

  /** Reports progress: bytes arrived, or a step ended. */
  readonly heartbeat = (): void => {
    this.isAlive = true;
  };

  /** Ends all uploads of the batch. The first error is the one that the client gets. */
  fail(error: unknown): void {
    this.failing.abort(error);
  }

  /**
   * Waits for `awaited`, but rejects as soon as the batch fails: a file whose turn has not come may stand behind
   * gigabytes of another file. If `awaited` resolves after that, its value is passed to `release`.
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

  /** The error that ended the batch. UPLOAD_INCOMPLETE when the client has disconnected. */
  get failure(): Error {
    if (this.failing.signal.aborted) return this.failing.signal.reason as Error;
    const reason: unknown = this.signal.reason;
    if (reason instanceof LecternError) return reason;
    return new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: reason });
  }

  end(): void {
    // A renewal that is still running finds rows that are no longer pending, and does nothing to them.
    void this.renewal.stop();
  }

  private async renew(): Promise<void> {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { journal } = this.options;
    const pending = await Promise.all(this.rows.map((row) => journal.touch(row, this.deadline())));
    if (pending.includes(false)) this.fail(new LecternError('UPLOAD_EXPIRED'));
  }
}
