import { Worker } from 'node:worker_threads';
import type { Storage } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { MediaSlot } from '../slots.js';
import type { MeasuringAnswer, MeasuringRequest, MediaFindings } from './measuring.worker.js';
import { Semaphore } from './semaphore.js';

/** A file in the storage that is to be measured. */
export interface StoredSubject {
  /** The slot that the file was sent to: it decides whether sound without a picture is accepted. */
  readonly slot: MediaSlot;
  readonly storage: Storage;
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  readonly signal: AbortSignal;
}

/** The longest time that one file is measured for, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The most bytes that are read of one file. */
const MAX_READ_BYTES = 64 * 1024 ** 2;
/** The most memory that the thread may use, in MiB: a file whose tables are larger ends the thread, not the server. */
const MAX_HEAP_MIB = 256;

interface Job {
  /** Messages of an earlier file may still arrive: a read ahead that nobody waits for. */
  readonly number: number;
  readonly subject: StoredSubject;
  readonly done: (findings: MediaFindings | 'given up') => void;
  bytesRead: number;
}

/**
 * Measures stored videos and sound, one file after the other, in a thread of its own, because the work would hold up
 * every other request. The thread reads the ranges of the file that it needs, never the whole of a large one.
 */
export class MeasuringThread {
  private thread: Worker | undefined;
  private job: Job | undefined;
  private jobs = 0;
  private readonly semaphore = new Semaphore(1);

  constructor(private readonly telemetry: Telemetry) {}

  /**
   * Resolves with `given up` when the file could not be measured for a reason that is not in the file: the storage does
   * not answer, the time is up, the thread broke down. That is logged. Rejects only when the signal is aborted.
   */
  async look(subject: StoredSubject): Promise<MediaFindings | 'given up'> {
    return this.semaphore.run(subject.signal, async () => {
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<MediaFindings | 'given up'>((resolve) => {
          this.jobs += 1;
          this.job = { number: this.jobs, subject, done: resolve, bytesRead: 0 };
          timer = setTimeout(() => {
            this.giveUp('gave up measuring a file: it took too long', undefined);
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
    const thread = new Worker(workerUrl(), { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB } });
    thread.on('message', (message: MeasuringAnswer) => void this.answer(thread, message));
    thread.on('error', (error) => {
      if (this.thread === thread) this.giveUp('measuring broke down; the next file starts it again', error);
    });
    return thread;
  }

  /** Ends the thread, which may be in an endless loop, and the job with it. The next file starts another thread. */
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
      // After an abort nobody waits for the findings, and the thread can be used for the next file.
      if (job.subject.signal.aborted) this.post({ type: 'bytes', id: message.id, bytes: null });
      else this.giveUp('could not read a file to measure it', error);
    }
  }

  /** Returns null when more than MAX_READ_BYTES were asked for. */
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

/** Node 20 cannot run TypeScript in a worker: when the source itself runs, in tests, this starts the built worker. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/media/content/' : './';
  return new URL(`${built}measuring.worker.js`, import.meta.url);
}
