import { UploadError, type UploadResult, type UploadState } from './api.js';
import type { Lanes } from './lanes.js';
import type { Progress } from './progress.js';
import { persist, type Patience } from './retry.js';
import { sendParts } from './send-parts.js';
import { noSuchSession, resultOf, type Session, type Sessions, type SessionState } from './sessions.js';
import type { Timings } from './timings.js';
import { TransientFailure } from './transient-failure.js';
import type { Send } from './transport.js';
import { wait } from './waiting.js';

export interface DeliveryOptions extends Patience {
  /** Of the GraphQL server. */
  readonly endpoint: string;
  readonly sessions: Sessions;
  readonly lanes: Lanes;
  readonly send: Send;
  readonly progress: Progress;
  readonly timings: Timings;
  readonly onState: (state: UploadState) => void;
  /** Called before the server is asked to complete: from then on it may publish the file at any time. */
  readonly onCompleting: () => void;
}

/** How often the server may miss parts that were sent, or give up its checks, before we give up. */
const MOST_SETBACKS = 10;

/** Brings a session to its end: sends what is missing, completes it, and waits for the checks of the server. */
export class Delivery {
  #setbacks = 0;

  constructor(
    private readonly file: Blob,
    private readonly options: DeliveryOptions,
  ) {}

  /** Rejects with the error of the session, whatever ended it. */
  async run(begun: Session): Promise<UploadResult> {
    let session = begun;
    for (;;) {
      switch (session.status) {
        case 'WAITING':
          session = await this.#sendAndComplete(session);
          break;
        case 'VERIFYING':
          session = { ...session, ...(await this.#untilVerified(session.id)) };
          break;
        case 'PUBLISHED':
          this.options.progress.finish();
          return resultOf(session);
        default:
          throw endOf(session);
      }
    }
  }

  async #sendAndComplete(session: Session): Promise<Session> {
    const { progress, onState, onCompleting, sessions } = this.options;
    progress.begin(session.bytesUploaded);
    if (session.missingParts.length > 0) {
      onState('sending');
      const moved = await this.#sendMissing(session);
      if (moved) return moved;
    }
    onState('verifying');
    onCompleting();
    try {
      return { ...session, ...(await this.#persist((signal) => sessions.complete(session.id, signal))) };
    } catch (error) {
      const incomplete = error instanceof UploadError && error.code === 'UPLOAD_INCOMPLETE';
      if (incomplete) this.#setback(error);
      return this.#moved(session.id, error, incomplete);
    }
  }

  #setback(error: UploadError): void {
    this.#setbacks += 1;
    if (this.#setbacks >= MOST_SETBACKS) throw error;
  }

  /** Sends the missing parts. Returns the session when it is no longer waiting for parts: another device was faster, or ended it. */
  async #sendMissing(session: Session): Promise<Session | undefined> {
    const { file, options } = this;
    const { sessions } = options;
    try {
      await sendParts({
        ...options,
        file,
        session,
        sign: (numbers, ofParts) =>
          this.#persist(
            async (given) => (await sessions.sign(session.id, numbers, given)) ?? raise(noSuchSession()),
            ofParts,
          ),
      });
      return undefined;
    } catch (error) {
      return this.#moved(session.id, error);
    }
  }

  /** The session after a refusal, when it is no longer waiting for parts. Else throws the refusal. */
  async #moved(id: string, refusal: unknown, orWaiting = false): Promise<Session> {
    this.options.signal.throwIfAborted();
    if (!(refusal instanceof UploadError) || refusal instanceof TransientFailure) throw refusal;
    const now = await this.#read(id);
    if (now.status === 'WAITING' && !orWaiting) throw refusal;
    return now;
  }

  async #untilVerified(id: string): Promise<SessionState> {
    const { sessions, timings, signal, onState } = this.options;
    onState('verifying');
    for (let pause = timings.firstPoll; ; pause = Math.min(timings.longestPoll, pause * 1.5)) {
      await wait(pause, signal);
      const session = (await this.#persist((given) => sessions.watch(id, given))) ?? raise(noSuchSession());
      if (session.status === 'WAITING') {
        // The server that verified has died, or could not read what it stored.
        this.#setback(unverified());
        return this.#read(id);
      }
      if (session.status !== 'VERIFYING') return session;
    }
  }

  async #read(id: string): Promise<Session> {
    return (await this.#persist((signal) => this.options.sessions.read(id, signal))) ?? raise(noSuchSession());
  }

  #persist<T>(call: (signal: AbortSignal) => Promise<T>, signal = this.options.signal): Promise<T> {
    return persist(() => call(signal), { ...this.options, signal });
  }
}

/** A session that has ended and published nothing. Nobody can continue it. */
export class SessionEnded extends UploadError {}

function endOf({ status, error }: SessionState): SessionEnded {
  if (status === 'ABORTED') return new SessionEnded('ABORTED', 'The upload was aborted.');
  if (error) return new SessionEnded(error.code, error.message, error);
  return new SessionEnded('UPLOAD_EXPIRED', 'The upload took too long and was given up. Send the file again.', {
    retryable: true,
  });
}

function unverified(): UploadError {
  return new UploadError('STORAGE_UNAVAILABLE', 'The server could not check the file. Try again later.', {
    retryable: true,
  });
}

function raise(error: Error): never {
  throw error;
}
