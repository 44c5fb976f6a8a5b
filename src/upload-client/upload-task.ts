import {
  UploadError,
  type Upload,
  type UploadOptions,
  type UploadResult,
  type UploadSource,
  type UploadState,
} from './api.js';
import { persist } from './retry.js';
import { resultOf, type SessionState } from './sessions.js';
import { runUpload, type Shared, type UploadMemory } from './upload-run.js';

/** How often the server is told of an abort before it is left to the expiry of the session. */
const ABORT_TRIES = 4;

type Phase = 'running' | 'paused' | 'aborted' | 'ended';

/** One upload, as its caller controls it. Each `resume` starts another run. */
export class UploadTask implements Upload {
  readonly sessionId: Promise<string | null>;
  readonly done: Promise<UploadResult>;
  readonly #session = deferred<string | null>();
  readonly #result = deferred<UploadResult>();
  readonly #memory: UploadMemory = { completing: false };
  #phase: Phase = 'running';
  #state: UploadState | undefined;
  #stop = new AbortController();
  #run: Promise<void>;
  #aborted: Promise<void> | undefined;

  constructor(
    private readonly shared: Shared,
    private readonly source: UploadSource | null,
    private readonly options: UploadOptions,
  ) {
    this.sessionId = this.#session.promise;
    this.done = this.#result.promise;
    const { signal } = options;
    signal?.addEventListener('abort', this.#abortBySignal);
    this.#run = this.#start();
    if (signal?.aborted) this.#abortBySignal();
  }

  pause(): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'paused';
    this.#stop.abort(new DOMException('Paused.', 'AbortError'));
    this.#tell('paused');
  }

  resume(): void {
    if (this.#phase !== 'paused') return;
    this.#phase = 'running';
    this.#stop = new AbortController();
    this.#run = this.#run.then(() => this.#start());
  }

  abort(): Promise<void> {
    if (this.#phase === 'ended') return Promise.resolve();
    return (this.#aborted ??= settled(this.#abort()));
  }

  async #start(): Promise<void> {
    const { signal } = this.#stop;
    // After `upload` has returned, so that its caller has the handle when the first callback comes.
    await Promise.resolve();
    try {
      signal.throwIfAborted();
      const result = await runUpload(this.shared, {
        source: this.source,
        options: this.options,
        memory: this.#memory,
        signal,
        onState: (state) => {
          if (!signal.aborted) this.#tell(state);
        },
        onSession: this.#session.resolve,
      });
      this.#end(() => this.#result.resolve(result));
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  async #abort(): Promise<void> {
    this.#phase = 'aborted';
    const { signal } = this.options;
    const error = new UploadError(
      'ABORTED',
      'The upload was aborted.',
      signal?.aborted ? { cause: signal.reason } : {},
    );
    this.#stop.abort(error);
    // Once the server was asked to complete, only its answer tells whether the file is published.
    if (!this.#memory.completing) this.#fail(error);
    await this.#run;
    try {
      const published = await this.#endSession();
      if (published) this.#end(() => this.#result.resolve(published));
    } finally {
      this.#fail(error);
    }
  }

  /** Ends the session at the server. Returns what it had published before, if it had. */
  async #endSession(): Promise<UploadResult | undefined> {
    const { record } = this.#memory;
    const { timings, records } = this.shared;
    const { signal } = new AbortController();
    const patience = { timings: { ...timings, failuresInARow: ABORT_TRIES }, signal };
    const ended = await persist(() => this.#abortSession(signal), patience);
    if (record) await records.remove(record.key);
    return ended?.status === 'PUBLISHED' ? resultOf(ended) : undefined;
  }

  async #abortSession(signal: AbortSignal): Promise<SessionState | undefined> {
    const { sessions } = this.shared;
    const { record } = this.#memory;
    let id = record?.sessionId ?? this.options.sessionId;
    // The answer of the start may have been lost: the same key finds what it began.
    if (id === undefined && record) ({ id } = await sessions.start(record.input, signal));
    return id === undefined ? undefined : sessions.abort(id, signal);
  }

  readonly #abortBySignal = (): void => void this.abort();

  #fail(error: unknown): void {
    this.#end(() => {
      this.#session.reject(error);
      this.#result.reject(error);
    });
  }

  /** The first end counts: a promise settles once. */
  #end(settle: () => void): void {
    if (this.#phase !== 'aborted') this.#phase = 'ended';
    this.options.signal?.removeEventListener('abort', this.#abortBySignal);
    settle();
  }

  #tell(state: UploadState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.options.onState?.(state);
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle));
  return { promise: settled(promise), resolve, reject };
}

/** Callers need not handle a rejection: an unhandled one would end a Node process. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
