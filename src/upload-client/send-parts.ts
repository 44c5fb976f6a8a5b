import { UploadError } from './api.js';
import type { Lanes } from './lanes.js';
import { PartQueue, rangeOfPart } from './part-queue.js';
import type { Progress } from './progress.js';
import { Retries, type Patience } from './retry.js';
import type { Session, SignedPart } from './sessions.js';
import { Signatures, signedAtOnce } from './signatures.js';
import { reading } from './source.js';
import type { Timings } from './timings.js';
import { networkFailure, TransientFailure } from './transient-failure.js';
import type { Send } from './transport.js';
import { Watchdog } from './watchdog.js';

export interface PartSending extends Patience {
  /** Of the GraphQL server. */
  readonly endpoint: string;
  readonly file: Blob;
  readonly session: Pick<Session, 'size' | 'partSize' | 'missingParts'>;
  readonly lanes: Lanes;
  readonly progress: Progress;
  /** Signs these parts, and tries again as long as that can help. */
  readonly sign: (numbers: readonly number[], signal: AbortSignal) => Promise<readonly SignedPart[]>;
  readonly send: Send;
  readonly timings: Timings;
}

/** Statuses by which a storage says that this signature, or the whole upload, is no longer valid. */
const REFUSED = [403, 404, 410];
/**
 * Statuses that pass by themselves, beside those from 500: the part is still being written by a connection that broke,
 * or there are too many requests. S3 answers 400 also to a connection that was too slow, and to bytes that were damaged.
 */
const PASSING = [400, 408, 409, 425, 429];

/** Sends the missing parts of a session, several at a time. When one fails for good, the others are given up. */
export async function sendParts(sending: PartSending): Promise<void> {
  const giveUp = new AbortController();
  const follow = (): void => giveUp.abort(sending.signal.reason);
  sending.signal.addEventListener('abort', follow);
  try {
    sending.signal.throwIfAborted();
    await new PartSender({ ...sending, signal: giveUp.signal }, giveUp).run();
  } finally {
    sending.signal.removeEventListener('abort', follow);
  }
}

class PartSender {
  readonly #queue: PartQueue;
  readonly #signatures: Signatures;
  #anyStored = false;

  constructor(
    private readonly sending: PartSending,
    private readonly giveUp: AbortController,
  ) {
    const { session, sign, timings } = sending;
    this.#queue = new PartQueue(session.missingParts);
    this.#signatures = new Signatures((numbers) => sign(numbers, sending.signal), timings.signatureAge);
    this.#anyStored = session.missingParts.length * session.partSize < session.size;
  }

  async run(): Promise<void> {
    const { lanes, signal } = this.sending;
    const running = new Set<Promise<void>>();
    try {
      while (!this.#queue.isEmpty) {
        const leave = await lanes.enter(signal);
        const part = this.#sendPart(this.#queue.take())
          .catch((error: unknown) => this.giveUp.abort(error))
          .finally(() => {
            leave();
            running.delete(part);
          });
        running.add(part);
      }
    } finally {
      await Promise.all(running);
    }
    signal.throwIfAborted();
  }

  /** Sends one part until the storage has it. */
  async #sendPart(number: number): Promise<void> {
    const { file, session, lanes, progress, signal } = this.sending;
    const { start, end } = rangeOfPart(number, session);
    const bytes = file.slice(start, end);
    const retries = new Retries(this.sending);
    let refused = false;
    for (;;) {
      // Each try has a signature of its own, so an expired one costs one try and no more.
      const part = await this.#signatures.take(number, () => this.#queue.next(this.#signAhead()));
      try {
        await this.#put(part, bytes);
        break;
      } catch (error) {
        progress.lost(number);
        signal.throwIfAborted();
        const firstRefusal = error instanceof PartRefused && !refused;
        if (firstRefusal) refused = true;
        else await this.#afterFailure(error, bytes, retries);
      }
    }
    this.#anyStored = true;
    progress.stored(number, bytes.size);
    lanes.stored(bytes.size);
  }

  #signAhead(): number {
    const { lanes, session, timings } = this.sending;
    const { rate, count } = lanes;
    return signedAtOnce({ rate, lanes: count, partSize: session.partSize, signatureAge: timings.signatureAge }) - 1;
  }

  async #put(part: SignedPart, body: Blob): Promise<void> {
    const { send, timings, signal, progress, lanes, endpoint } = this.sending;
    if (new URL(part.url).origin === new URL(endpoint).origin) lanes.leaveOneFree();
    const watchdog = new Watchdog(timings.stall, signal);
    try {
      const { status } = await send({
        to: 'storage',
        method: part.method,
        url: part.url,
        headers: Object.fromEntries(part.headers.map(({ name, value }) => [name, value])),
        body,
        signal: watchdog.signal,
        onSent: (bytes) => {
          watchdog.alive();
          lanes.sent(progress.sent(part.number, bytes));
        },
      });
      assertStored(part.number, status);
    } catch (error) {
      throw watchdog.stalled ? networkFailure('storage', error) : error;
    } finally {
      watchdog.end();
    }
  }

  async #afterFailure(error: unknown, bytes: Blob, retries: Retries): Promise<void> {
    const { timings, lanes } = this.sending;
    if (error instanceof TransientFailure) {
      // A browser fails in the same way when the file has changed since it was chosen: reading it tells which.
      await reading(() => bytes.slice(0, 1).arrayBuffer());
      lanes.failed();
    }
    await retries.afterFailure(error);
    if (this.#anyStored || retries.failures < timings.failuresOfFirstParts) return;
    // The server answers, or there were no signature: it is the way to the storage alone that is closed.
    throw new UploadError(
      'NETWORK',
      'The storage cannot be reached from here, although the server can. If this is a web page, the CORS rules of the bucket may not allow it.',
      { retryable: true, cause: error },
    );
  }
}

class PartRefused extends UploadError {}

function assertStored(number: number, status: number): void {
  if (status >= 200 && status < 300) return;
  const sentence = `The storage answered part ${number} of the file with status ${status}.`;
  if (REFUSED.includes(status)) throw new PartRefused('STORAGE_REFUSED', sentence);
  if (status >= 500 || PASSING.includes(status)) throw new TransientFailure('NETWORK', sentence);
  throw new UploadError('STORAGE_REFUSED', sentence);
}
