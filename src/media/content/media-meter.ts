import { Worker } from 'node:worker_threads';
import type { Storage } from '../../storage/storage.js';
import type { Telemetry } from '../../telemetry.js';
import type { Measures } from '../media-file.model.js';
import type { MeterAnswer, MeterRequest } from './media-info.worker.js';

export interface MeterSubject {
  readonly storage: Storage;
  readonly key: string;
  readonly size: number;
  readonly contentType: string;
  readonly signal: AbortSignal;
}

/** The longest time that a file is measured for, in milliseconds; then it goes without measures. */
const MEASURE_TIMEOUT_MS = 10_000;
/** The most bytes of one file that are read to measure it. */
const MAX_READ_BYTES = 64 * 1024 ** 2;

interface Job {
  readonly subject: MeterSubject;
  readonly done: (measures: Measures) => void;
  bytesRead: number;
}

/**
 * Reads dimensions and playing time from stored files with MediaInfo, in a thread of its own: its work is long enough
 * to hold up every other request. It asks for the few ranges it needs; a file is never read whole.
 */
export class MediaMeter {
  private worker: Worker | undefined;
  private readonly jobs = new Map<number, Job>();
  private lastId = 0;

  constructor(private readonly telemetry: Telemetry) {}

  /** The measures of a picture or video; none for other files, and for those that MediaInfo makes nothing of. */
  async measure(subject: MeterSubject): Promise<Measures> {
    if (!/^(image|video)\//.test(subject.contentType)) return {};
    const id = ++this.lastId;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Measures>((resolve) => {
        this.jobs.set(id, { subject, done: resolve, bytesRead: 0 });
        timer = setTimeout(() => {
          this.telemetry.logger.warn({ key: subject.key }, 'gave up measuring a file');
          resolve({});
        }, MEASURE_TIMEOUT_MS);
        this.post({ type: 'measure', id, size: subject.size });
      });
    } finally {
      clearTimeout(timer);
      this.jobs.delete(id);
      if (this.jobs.size === 0) this.worker?.unref();
    }
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
    this.worker = undefined;
  }

  private post(message: MeterRequest): void {
    this.worker ??= this.start();
    this.worker.ref();
    this.worker.postMessage(message);
  }

  private start(): Worker {
    const worker = new Worker(workerUrl());
    worker.on('message', (message: MeterAnswer) => void this.answer(message));
    // A file that brings the thread down costs its own measures and those of the files beside it, nothing else.
    worker.on('error', (error) => {
      this.telemetry.logger.warn({ err: error }, 'measuring broke down; the next file starts it anew');
      this.worker = undefined;
      for (const job of this.jobs.values()) job.done({});
    });
    return worker;
  }

  private async answer(message: MeterAnswer): Promise<void> {
    const job = this.jobs.get(message.id);
    if (!job) return;
    if (message.type === 'measured') {
      job.done(message.measures);
      return;
    }
    const { id, offset, length } = message;
    try {
      job.bytesRead += length;
      if (job.bytesRead > MAX_READ_BYTES) throw new Error('MediaInfo wants to read too much.');
      this.post({ type: 'bytes', id, bytes: await readRange(job.subject, offset, length) });
    } catch (error) {
      this.telemetry.logger.warn({ err: error, key: job.subject.key }, 'could not read a file to measure it');
      job.done({});
      this.post({ type: 'bytes', id, bytes: new Uint8Array() });
    }
  }
}

async function readRange(
  { storage, key, size, signal }: MeterSubject,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  if (offset >= size || length === 0) return new Uint8Array();
  const stream = await storage.open(key, {
    range: { start: offset, end: Math.min(offset + length, size) - 1 },
    signal,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Node 20 cannot run TypeScript in a worker: started from the source, by tests, this runs the built worker. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/media/content/' : './';
  return new URL(`${built}media-info.worker.js`, import.meta.url);
}
