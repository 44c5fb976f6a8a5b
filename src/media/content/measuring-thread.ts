import { Worker } from 'node:worker_threads';
import type { Storage } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { MediaSlot } from '../slots.js';
import type { MeasuringAnswer, MeasuringRequest, MediaFindings } from './measuring.worker.js';
import { Semaphore } from './semaphore.js';
import { workerUrl } from './worker-url.js';

/** A stored file that is to be measured. */
export interface StoredSubject {
  /** The file's slot. It decides whether sound without a picture is accepted. */
  readonly slot: MediaSlot;
  readonly storage: Storage;
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  readonly signal: AbortSignal;
}

/** The time limit for measuring one file, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The most bytes that are read of one file. */
const MAX_READ_BYTES = 64 * 1024 ** 2;
/** The most memory that the thread may use, in MiB. A file that needs more ends the thread, not the server. */
const MAX_HEAP_MIB = 256;

interface Job {
  /** Tells messages about this file from late messages about an earlier one. */
  readonly number: number;
  readonly subject: StoredSubject;
  readonly done: (findings: MediaFindings | 'given up') => void;
  bytesRead: number;
}

/**
 * Measures stored videos and sound, one at a time, in a separate thread, because the work would block all requests. The
 * thread asks for the byte ranges of the file that it needs, at most MAX_READ_BYTES.
 */
export class MeasuringThread {
  private thread: Worker | undefined;
  private job: Job | undefined;
  private jobs = 0;
  private readonly semaphore = new Semaphore(1);

  constructor(private readonly telemetry: Telemetry) {}

  /**
   * Measures one file. Resolves with `given up`, and logs why, when the reason is not the file: the storage does not
   * answer, the time limit has passed, or the thread has failed. Rejects only when the signal aborts.
   */
  async look(subject: StoredSubject): Promise<MediaFindings | 'given up'> {
    return this.semaphore.run(subject.signal, async () => {
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<MediaFindings | 'given up'>((resolve) => {
          this.jobs += 1;
          this.job = { number: this.jobs, subject, done: resolve, bytesRead: 0 };
          timer = setTimeout(() => {
            this.giveUp('could not measure a file within the time limit', undefined);
          }, TIMEOUT_MS);
          this.post({ type: 'look', job: this.jobs, size: subject.size });
        });
      } finally {
        clearTimeout(timer);
        this.job = undefined;
        this.thread?.unref();
      }
    });
  }

  async close(): Promise<void> {
    const { thread } = this;
    this.thread = undefined;
    await thread?.terminate();
    this.job?.done('given up');
  }

  private post(message: MeasuringRequest): void {
    this.thread ??= this.start();
    this.thread.ref();
    this.thread.postMessage(message);
  }

  private start(): Worker {
    const thread = new Worker(workerUrl('measuring.worker.js'), {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
    });
    thread.on('message', (message: MeasuringAnswer) => void this.answer(thread, message));
    thread.on('error', (error) => {
      if (this.thread === thread) this.giveUp('the measuring thread failed; the next file starts a new one', error);
    });
    return thread;
  }

  /** Ends the current job and the thread, which may be in an endless loop. The next file starts a new thread. */
  private giveUp(message: string, error: unknown): void {
    const { thread, job } = this;
    this.telemetry.logger.warn({ err: error, key: job?.subject.key }, message);
    this.thread = undefined;
    void thread?.terminate();
    job?.done('given up');
  }

  private async answer(thread: Worker, message: MeasuringAnswer): Promise<void> {
    const { job } = this;
    if (job?.number !== message.job || thread !== this.thread) return;
    if (message.type === 'found') {
      job.done(message.findings);
      return;
    }
    try {
      const bytes = await this.read(job, message.start, message.end);
      if (job === this.job) this.post({ type: 'bytes', id: message.id, bytes });
    } catch (error) {
      if (job !== this.job) return;
      // After an abort nobody waits for the result, and the thread stays usable for the next file.
      if (job.subject.signal.aborted) this.post({ type: 'bytes', id: message.id, bytes: null });
      else this.giveUp('could not read a file to measure it', error);
    }
  }

  /** Reads the bytes from `start` to before `end`. Returns null when the file would exceed MAX_READ_BYTES. */
  private async read(job: Job, start: number, end: number): Promise<Uint8Array | null> {
    const { storage, key, signal } = job.subject;
    job.bytesRead += end - start;
    if (job.bytesRead > MAX_READ_BYTES) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of await storage.open(key, { range: { start, end: end - 1 }, signal })) {
      chunks.push(chunk as Uint8Array);
    }
    return Buffer.concat(chunks);
  }
}
