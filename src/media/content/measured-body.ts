import { finished, Transform, type Readable, type TransformCallback } from 'node:stream';
import type { Digest } from '../../digest.js';
import { LecternError } from '../../errors.js';
import type { MaybePromise } from '../../maybe-promise.js';
import type { ContentCheck, ContentConversion } from './content-check.js';
import type { HashingThread, StreamHash } from './hashing-thread.js';

/** The size of the buffer between the source and the storage, in bytes: what is read from a socket at once. */
const BUFFER_BYTES = 64 * 1024;

export interface BodyRules {
  /** The most bytes that may arrive, and the most that may be stored. */
  readonly maxBytes: number;
  readonly check: ContentCheck | undefined;
  readonly conversion: ContentConversion | undefined;
}

/** What reading a file needs besides its rules. */
export interface BodyServices {
  readonly hashing: HashingThread;
  /** Called once for each chunk that is received. */
  readonly onProgress: () => void;
}

/**
 * The bytes of a file as they are to be stored: checked, converted, counted and hashed. It reads the source ahead of the
 * storage, at most BUFFER_BYTES. When it ends early, the rest of the source is discarded.
 */
export class MeasuredBody extends Transform {
  private readonly hash: StreamHash;
  private bytesReceived = 0;
  private size = 0;
  private digest: Promise<string> | undefined;

  /** @param head The first bytes, which have been read from the source already. */
  constructor(
    head: Buffer,
    private readonly source: Readable,
    private readonly options: BodyRules & BodyServices,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
    this.hash = options.hashing.newHash();
    // It may fail before the storage begins to read. The storage then finds it destroyed.
    this.on('error', () => undefined);
    finished(source, { writable: false }, (error) => {
      if (error) this.destroy(asIncomplete(error));
    });
    this.write(head);
    source.pipe(this);
  }

  /** The size in bytes and the SHA-256 (lower-case hex) of what was stored. Call it after this stream has ended. */
  async measured(): Promise<Digest> {
    if (!this.digest) throw new Error('The body has not been read to its end.');
    return { size: this.size, sha256: await this.digest };
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { maxBytes, check, conversion, onProgress } = this.options;
    onProgress();
    this.bytesReceived += chunk.length;
    this.store(() => {
      if (this.bytesReceived > maxBytes) throw tooLarge(maxBytes);
      check?.chunk(chunk);
      return conversion ? conversion.chunk(chunk) : chunk;
    }, done);
  }

  override _flush(done: TransformCallback): void {
    const { check, conversion } = this.options;
    this.store(
      () => {
        check?.end();
        return conversion?.end() ?? new Uint8Array();
      },
      (error, bytes) => {
        if (!error) this.beginDigest();
        done(error, bytes);
      },
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.digest) this.hash.forget();
    // Before: a stream that leaves a pipe later is paused.
    this.source.unpipe(this);
    discardRest(this.source);
    done(error);
  }

  /** While the storage writes the last bytes, the thread hashes them. */
  private beginDigest(): void {
    this.digest = this.hash.digest();
    // `measured` reports it.
    this.digest.catch(() => undefined);
  }

  /** Counts, hashes and passes on what `next` returns, or fails with what it throws. */
  private store(next: () => Uint8Array, done: TransformCallback): void {
    let bytes: Uint8Array;
    let room: MaybePromise<void>;
    try {
      bytes = next();
      this.size += bytes.length;
      if (this.size > this.options.maxBytes) throw tooLarge(this.options.maxBytes);
      room = this.hash.update(bytes);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (room) room.then(() => done(null, bytes), done);
    else done(null, bytes);
  }
}

/** The refusal of a file that is larger than its place takes. */
export function tooLarge(maxBytes: number): LecternError {
  return new LecternError('FILE_TOO_LARGE', `The file is larger than the limit of ${String(maxBytes)} bytes.`);
}

/** The source is the client's connection. So when it fails, the upload is incomplete. */
export function asIncomplete(error: unknown): LecternError {
  return error instanceof LecternError ? error : new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
}

/** Reads and discards the rest of a file, so that the next parts of the same request can arrive. Ignores its errors. */
export function discardRest(source: Readable): void {
  source.on('error', () => undefined);
  source.resume();
}
