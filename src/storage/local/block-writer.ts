import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { freeMemory } from '../free-memory.js';

/** The size of a block, in bytes. Small blocks take more processor time: each takes a round trip to another thread. */
const LARGEST_BLOCK = 1024 ** 2;
const SMALLEST_BLOCK = 64 * 1024;
/** When many files are written at once, blocks are so small that all together have about this size, in bytes. */
const ALL_BLOCKS_BYTES = 16 * 1024 ** 2;
/** Each file has one block that is written and one that is filled. */
const BLOCKS_PER_FILE = 2;

/** How much may wait to be copied into a block, in bytes: twice what is read from a socket at once. */
const QUEUE_BYTES = 128 * 1024;

export interface BlockWriterOptions {
  /** Where the first byte is written. */
  readonly start: number;
  /** Frees the memory of each chunk that has been copied. Nobody else may read the chunks. */
  readonly ownsChunks: boolean;
}

/**
 * Writes bytes to an open file in blocks: while one is written, the next is filled. The file stays open. A destroyed
 * writer closes when its running write has ended.
 */
export class BlockWriter extends Writable {
  private static open = 0;
  private block: Buffer;
  private filled = 0;
  /** The block that is being written, or was written last. */
  private other: Buffer | undefined;
  private running: Promise<void> | undefined;
  private position: number;

  constructor(
    private readonly file: Pick<FileHandle, 'write'>,
    private readonly options: BlockWriterOptions,
  ) {
    super({ highWaterMark: QUEUE_BYTES });
    this.position = options.start;
    BlockWriter.open += 1;
    this.block = newBlock(BlockWriter.open);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.fill(chunk, 0, done);
  }

  override _final(done: (error?: Error) => void): void {
    this.writeBlock()
      .then(() => this.running)
      .then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const close = (): void => {
      BlockWriter.open -= 1;
      freeMemory(this.block);
      if (this.other) freeMemory(this.other);
      done(error);
    };
    if (this.running) this.running.then(close, close);
    else close();
  }

  /** Copies a chunk, from an offset on. */
  private fill(chunk: Buffer, from: number, done: (error?: Error) => void): void {
    const copied = chunk.copy(this.block, this.filled, from);
    this.filled += copied;
    const proceed = (): void => {
      if (!this.destroyed && from + copied < chunk.length) {
        this.fill(chunk, from + copied, done);
        return;
      }
      if (this.options.ownsChunks) freeMemory(chunk);
      done();
    };
    if (this.filled < this.block.length) proceed();
    else this.writeBlock().then(proceed, done);
  }

  /** Begins to write the block as soon as the other one is written. */
  private async writeBlock(): Promise<void> {
    await this.running;
    if (this.destroyed || this.filled === 0) return;
    const { block, filled, position } = this;
    this.running = this.writeAll(block.subarray(0, filled), position);
    // Reported by the next block, at the end, or not at all when the writer is destroyed.
    this.running.catch(() => undefined);
    this.position += filled;
    this.filled = 0;
    this.block = reusable(this.other, BlockWriter.open);
    this.other = block;
  }

  private async writeAll(bytes: Buffer, position: number): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.file.write(bytes, written, bytes.length - written, position + written);
      if (bytesWritten === 0) throw new Error('The file system has written nothing.');
      written += bytesWritten;
    }
  }
}

/** The block again if it has the right size, otherwise a new one. */
function reusable(block: Buffer | undefined, files: number): Buffer {
  if (block?.length === blockBytes(files)) return block;
  if (block) freeMemory(block);
  return newBlock(files);
}

function newBlock(files: number): Buffer {
  return Buffer.allocUnsafeSlow(blockBytes(files));
}

/** The size of a block when so many files are written at once, in bytes: a power of two. */
export function blockBytes(files: number): number {
  const share = 2 ** Math.floor(Math.log2(ALL_BLOCKS_BYTES / (BLOCKS_PER_FILE * files)));
  return Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, share));
}
