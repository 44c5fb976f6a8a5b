import { Worker } from 'node:worker_threads';
import type { Storage } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { Measures } from '../media-file.model.js';
import type { MediaInfoAnswer, MediaInfoRequest } from './media-info.worker.js';
import { Turns } from './turns.js';

/** A file as it lies in the storage. */
export interface StoredSubject {
  readonly storage: Storage;
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  readonly signal: AbortSignal;
}

/** What was found out about a video: its measures, that it has no video track, or nothing, for a fault of this server. */
export type VideoFindings = Measures | 'no video track' | 'unknown';

/** The longest time that a file is looked at, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The most bytes of one file that are read. MediaInfo hears of the file's end there. */
const MAX_READ_BYTES = 64 * 1024 ** 2;

interface Job {
  readonly subject: StoredSubject;
  readonly done: (findings: VideoFindings) => void;
  bytesRead: number;
}

/**
 * Asks MediaInfo about stored videos, one after the other, in a thread of its own: its work is long enough to hold up
 * every other request. It asks for the few ranges it needs; a file is never read whole.
 */
export class MediaInfoThread {
  private thread: Worker | undefined;
  private job: Job | undefined;
  private readonly turns = new Turns(1);

  constructor(private readonly telemetry: Telemetry) {}

  /** Never rejects but with the reason of an aborted signal: a fault of this server is `unknown`, and logged. */
  async look(subject: StoredSubject): Promise<VideoFindings> {
    return this.turns.run(subject.signal, async () => {
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<VideoFindings>((resolve) => {
          this.job = { subject, done: resolve, bytesRead: 0 };
          timer = setTimeout(() => {
            this.giveUp('gave up measuring a file', undefined);
          }, TIMEOUT_MS);
          this.post({ type: 'look', size: subject.size });
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
    this.job?.done('unknown');
  }

  private post(message: MediaInfoRequest): void {
    this.thread ??= this.start();
    this.thread.ref();
    this.thread.postMessage(message);
  }

  private start(): Worker {
    const thread = new Worker(workerUrl());
    thread.on('message', (message: MediaInfoAnswer) => void this.answer(thread, message));
    thread.on('error', (error) => {
      if (this.thread === thread) this.giveUp('measuring broke down; the next file starts it anew', error);
    });
    return thread;
  }

  /** Ends the thread, which may hang on its file for ever, and with it the job. */
  private giveUp(message: string, error: unknown): void {
    const { thread, job } = this;
    this.telemetry.logger.warn({ err: error, key: job?.subject.key }, message);
    this.thread = undefined;
    void thread?.terminate();
    job?.done('unknown');
  }

  private async answer(thread: Worker, message: MediaInfoAnswer): Promise<void> {
    const { job } = this;
    if (!job || thread !== this.thread) return;
    if (message.type === 'unavailable') {
      this.giveUp(`MediaInfo does not start: ${message.reason}`, undefined);
    } else if (message.type === 'found') {
      job.done(message.video ?? 'no video track');
    } else {
      try {
        const bytes = await this.read(job, message.offset, message.length);
        if (job === this.job) this.post({ type: 'bytes', bytes });
      } catch (error) {
        if (job !== this.job) return;
        // Nobody waits for the findings any more, and the thread is sound.
        if (job.subject.signal.aborted) this.post({ type: 'bytes', bytes: new Uint8Array() });
        else this.giveUp('could not read a file to measure it', error);
      }
    }
  }

  private async read(job: Job, offset: number, length: number): Promise<Uint8Array> {
    const { storage, key, size, signal } = job.subject;
    job.bytesRead += length;
    if (offset >= size || length === 0 || job.bytesRead > MAX_READ_BYTES) return new Uint8Array();
    const range = { start: offset, end: Math.min(offset + length, size) - 1 };
    const chunks: Uint8Array[] = [];
    for await (const chunk of await storage.open(key, { range, signal })) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  }
}

/** Node 20 cannot run TypeScript in a worker: started from the source, by tests, this runs the built worker. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/media/content/' : './';
  return new URL(`${built}media-info.worker.js`, import.meta.url);
}
