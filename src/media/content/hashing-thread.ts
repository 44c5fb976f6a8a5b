import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { MaybePromise } from '../../maybe-promise.js';
import { freeMemory } from '../../storage/free-memory.js';
import type { HashingAnswer, HashingStep } from './hashing.worker.js';
import { workerUrl } from './worker-url.js';

/** How many bytes of all streams together may wait to be hashed. */
const RING_BYTES = 4 * 1024 ** 2;
/** The thread is told of new bytes when there are so many. A message takes tens of microseconds. */
const TELL_BYTES = 512 * 1024;
/** A stream of at most so many bytes is hashed in the main thread: that takes less time than two messages. */
const SMALL_BYTES = 128 * 1024;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes that wait for room in the ring. */
interface WaitingBytes extends Waiting<void> {
  readonly stream: number;
  readonly bytes: Uint8Array;
}

/**
 * Computes the SHA-256 of streams in a separate thread, because that takes as long as everything else that the main
 * thread does for an upload. The bytes are copied into a ring of shared memory; while the ring is full, streams wait.
 * When the thread fails, its streams fail, and the next stream starts a new thread.
 */
export class HashingThread {
  private readonly memory = new SharedArrayBuffer(RING_BYTES);
  private readonly ring = Buffer.from(this.memory);
  /** Where the next byte is put into the ring. */
  private at = 0;
  private free = RING_BYTES;
  private thread: Worker | undefined;
  /** What the thread has not been told yet, and how many bytes that is about. */
  private steps: HashingStep[] = [];
  private untold = 0;
  private readonly waiting: WaitingBytes[] = [];
  private readonly digests = new Map<number, Waiting<string>>();
  private streams = 0;
  /** Streams up to this number had a thread that failed. */
  private lost = 0;
  private failure: unknown;

  /** @param newThread Starts a thread that hashes what is in the memory of a ring. */
  constructor(private readonly newThread: (memory: SharedArrayBuffer) => Worker = startThread) {}

  /** The SHA-256 of one more stream. */
  newHash(): StreamHash {
    this.streams += 1;
    return new StreamHash(this, this.streams);
  }

  /** Copies bytes. Returns a promise when they have to wait for room. Throws or rejects when the thread has failed. */
  add(stream: number, bytes: Uint8Array): MaybePromise<void> {
    this.assertNotLost(stream);
    if (bytes.length > TELL_BYTES) return this.addPieces(stream, bytes);
    if (this.waiting.length === 0 && bytes.length <= this.free) {
      this.put(stream, bytes);
      return undefined;
    }
    this.tell();
    return new Promise((resolve, reject) => {
      this.waiting.push({ stream, bytes, resolve, reject });
      this.keepAwake();
    });
  }

  /** Ends a stream and returns its SHA-256, in lower-case hex. Rejects when the thread has failed. */
  end(stream: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.assertNotLost(stream);
      this.digests.set(stream, { resolve, reject });
      this.steps.push({ type: 'end', stream });
      this.tell();
      this.keepAwake();
    });
  }

  /** Drops a stream that will not be ended. */
  forget(stream: number): void {
    if (stream <= this.lost) return;
    const waits = this.waiting.findIndex((one) => one.stream === stream);
    if (waits >= 0) this.waiting.splice(waits, 1)[0]?.reject(new Error('The stream was given up.'));
    this.steps.push({ type: 'forget', stream });
  }

  async close(): Promise<void> {
    const { thread } = this;
    this.fail(new Error('The server is stopping.'));
    await thread?.terminate();
  }

  private async addPieces(stream: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += TELL_BYTES) await this.add(stream, bytes.subarray(at, at + TELL_BYTES));
  }

  /** Copies bytes for which there is room. */
  private put(stream: number, bytes: Uint8Array): void {
    const upToEnd = bytes.subarray(0, RING_BYTES - this.at);
    this.copy(stream, upToEnd);
    if (upToEnd.length < bytes.length) this.copy(stream, bytes.subarray(upToEnd.length));
    if (this.untold >= TELL_BYTES) this.tell();
  }

  private copy(stream: number, bytes: Uint8Array): void {
    const from = this.at;
    const to = from + bytes.length;
    // `fill` copies five times as fast as `set`, which takes care of threads that write to the ring at the same time.
    this.ring.fill(bytes, from, to);
    const last = this.steps.at(-1);
    if (last?.type === 'bytes' && last.stream === stream && last.to === from) last.to = to;
    else this.steps.push({ type: 'bytes', stream, from, to });
    this.at = to % RING_BYTES;
    this.free -= bytes.length;
    this.untold += bytes.length;
  }

  private tell(): void {
    if (this.steps.length === 0) return;
    this.thread ??= this.start();
    this.thread.postMessage(this.steps);
    this.steps = [];
    this.untold = 0;
  }

  private start(): Worker {
    const thread = this.newThread(this.memory);
    thread.on('message', (answer: HashingAnswer) => {
      if (thread === this.thread) this.take(answer);
    });
    const failWith = (error: unknown): void => {
      if (thread === this.thread) this.fail(error);
    };
    thread.on('error', failWith);
    thread.on('exit', (code) => failWith(new Error(`The thread ended with exit code ${String(code)}.`)));
    return thread;
  }

  private take({ bytes, ended }: HashingAnswer): void {
    this.free += bytes;
    for (const { stream, sha256 } of ended) {
      this.digests.get(stream)?.resolve(sha256);
      this.digests.delete(stream);
    }
    // Not at once: Node.js handles up to 1,000 messages before it returns to sockets, and each would lead to the next.
    if (this.waiting.length > 0) setImmediate(() => this.admit());
    else this.keepAwake();
  }

  /** All streams of the thread fail. */
  private fail(error: unknown): void {
    this.failure = error;
    this.lost = this.streams;
    this.thread = undefined;
    this.steps = [];
    this.untold = 0;
    this.free = RING_BYTES;
    for (const { reject } of [...this.digests.values(), ...this.waiting.splice(0)]) reject(lostWith(error));
    this.digests.clear();
  }

  /** Copies the bytes that wait, as far as there is room, first come first served. */
  private admit(): void {
    for (let first = this.waiting[0]; first && first.bytes.length <= this.free; first = this.waiting[0]) {
      this.waiting.shift();
      this.put(first.stream, first.bytes);
      first.resolve();
    }
    if (this.waiting.length > 0) this.tell();
    this.keepAwake();
  }

  /** The process ends only when nobody waits for the thread. */
  private keepAwake(): void {
    if (this.digests.size > 0 || this.waiting.length > 0) this.thread?.ref();
    else this.thread?.unref();
  }

  private assertNotLost(stream: number): void {
    if (stream <= this.lost) throw lostWith(this.failure);
  }
}

/** The SHA-256 of one stream. */
export class StreamHash {
  /** The bytes of a stream that is still small. */
  private early: Buffer | undefined;
  private size = 0;

  constructor(
    private readonly thread: HashingThread,
    private readonly stream: number,
  ) {}

  /** Adds bytes, which may be changed afterwards. Returns a promise when they have to wait. */
  update(bytes: Uint8Array): MaybePromise<void> {
    const before = this.size;
    this.size += bytes.length;
    if (this.size <= SMALL_BYTES) {
      this.early ??= Buffer.allocUnsafeSlow(SMALL_BYTES);
      this.early.set(bytes, before);
      return undefined;
    }
    return this.early ? this.leaveEarly(this.early, before, bytes) : this.thread.add(this.stream, bytes);
  }

  /** Ends the stream. Returns its SHA-256, in lower-case hex. */
  async digest(): Promise<string> {
    if (this.size > SMALL_BYTES) return this.thread.end(this.stream);
    return createHash('sha256')
      .update(this.early?.subarray(0, this.size) ?? '')
      .digest('hex');
  }

  /** Ends the stream without a result. */
  forget(): void {
    if (this.size > SMALL_BYTES) this.thread.forget(this.stream);
  }

  private async leaveEarly(early: Buffer, length: number, bytes: Uint8Array): Promise<void> {
    this.early = undefined;
    await this.thread.add(this.stream, early.subarray(0, length));
    freeMemory(early);
    await this.thread.add(this.stream, bytes);
  }
}

function lostWith(cause: unknown): Error {
  return new Error('The thread that computes checksums has failed.', { cause });
}

/** Starts the worker that hashes what is in the memory of a ring. */
export function startThread(ring: SharedArrayBuffer): Worker {
  return new Worker(workerUrl('hashing.worker.js'), { workerData: { ring } });
}
