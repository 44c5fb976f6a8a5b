import { Writable } from 'node:stream';
import { freeMemory } from '../free-memory.js';

/** How much memory the first part begins with, in bytes: most objects are much smaller than a part. */
const FIRST_BYTES = 256 * 1024;

export interface Part {
  /** From 1. */
  readonly number: number;
  /** The memory is used again when `send` has resolved. */
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

export interface PartCollectorOptions {
  /** The size of every part but the last, in bytes. */
  readonly partSize: number;
  /** How many parts are sent at once. One more is collected meanwhile. */
  readonly partsInFlight: number;
  /** Frees the memory of each chunk that has been copied. Nobody else may read the chunks. */
  readonly ownsChunks: boolean;
  /** Sends a part. When it rejects, the upload has failed: it has to destroy this stream. */
  readonly send: (part: Part) => Promise<void>;
}

/**
 * Collects a stream of unknown length into parts, in memory that is used again, and hands each over to be sent. There is
 * always a last part, which may be empty. The stream finishes when the last part is handed over, not when it is sent.
 */
export class PartCollector extends Writable {
  private part: Buffer;
  private filled = 0;
  private count = 0;
  private readonly sending = new Set<Promise<void>>();
  /** The memory of parts that were sent. */
  private readonly spare: Buffer[] = [];

  constructor(private readonly options: PartCollectorOptions) {
    super();
    this.part = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, options.partSize));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.collect(chunk, 0, done);
  }

  override _final(done: (error?: Error) => void): void {
    this.handOver(true).then(() => done(), done);
  }

  /** Copies a chunk, from an offset on. A part that is full is sent when there are more bytes, so that it is not the last. */
  private collect(chunk: Buffer, from: number, done: (error?: Error) => void): void {
    let copied = from;
    while (copied < chunk.length) {
      if (this.filled === this.options.partSize) {
        this.handOver(false).then(() => (this.destroyed ? done() : this.collect(chunk, copied, done)), done);
        return;
      }
      if (this.filled === this.part.length) this.grow();
      const added = chunk.copy(this.part, this.filled, copied);
      this.filled += added;
      copied += added;
    }
    if (this.options.ownsChunks) freeMemory(chunk);
    done();
  }

  private grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(2 * this.part.length, this.options.partSize));
    this.part.copy(larger, 0, 0, this.filled);
    freeMemory(this.part);
    this.part = larger;
  }

  /** Waits until a part may be sent, and begins to send this one. */
  private async handOver(isLast: boolean): Promise<void> {
    while (this.sending.size >= this.options.partsInFlight) await Promise.race(this.sending);
    if (this.destroyed) return;
    const { part, filled } = this;
    const sending = this.options
      .send({ number: ++this.count, bytes: part.subarray(0, filled), isLast })
      .then(
        () => void this.spare.push(part),
        () => undefined,
      )
      .finally(() => this.sending.delete(sending));
    this.sending.add(sending);
    if (isLast) return;
    this.part = this.spare.pop() ?? Buffer.allocUnsafeSlow(this.options.partSize);
    this.filled = 0;
  }
}
