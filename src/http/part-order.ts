import { pipeline, Transform, type Readable, type Writable } from 'node:stream';
import type { FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import type { UploadedFile } from '../graphql/upload.js';

/** How long an unread part may block the part that a resolver waits for, in milliseconds. */
const BLOCKED_MS = 500;
/** How often that is checked, in milliseconds. */
const CHECK_MS = 50;

/** A file part whose header has arrived. */
class Part {
  /** True when a resolver reads the part. */
  isOpen = false;
  /** True when the whole part has arrived: the parser has found the next part or the end of the form. */
  isComplete = false;
  /** Resolves when the part is complete, and rejects when the form ends before that. */
  readonly completed: Promise<void>;
  private resolve!: () => void;
  private reject!: (reason: Error) => void;

  constructor(readonly stream: Readable) {
    this.completed = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.completed.catch(() => undefined);
  }

  complete(): void {
    this.isComplete = true;
    this.resolve();
  }

  fail(reason: Error): void {
    this.reject(reason);
  }
}

/**
 * Notices when the order of a form's file parts causes a deadlock. Parts arrive one after the other, and the fields of
 * a mutation run one after the other. If the part of a later field arrives first and is too long for the buffers, the
 * part that the first field waits for can never arrive. Then the form is ended with an error.
 */
export class PartOrder {
  /** The parts of the map that have arrived. */
  private readonly parts = new Map<Readable, Part>();
  /** The part that is arriving. */
  private current: Part | undefined;
  /** How many resolvers wait for a part that has not arrived. */
  private awaited = 0;
  /** Rejects when the form has ended: parts that have not arrived by then are missing. */
  private readonly ended: Promise<never>;
  private end!: () => void;
  private blockedSince: number | undefined;
  private watch: NodeJS.Timeout | undefined;

  /** @param endForm Ends the form. Every reader of one of its parts gets the error. */
  constructor(
    private readonly parser: Writable,
    private readonly endForm: (reason: LecternError) => void,
  ) {
    this.ended = new Promise((_resolve, reject) => {
      this.end = () => reject(new LecternError('BAD_REQUEST', 'A file that the map names is missing in the form.'));
    });
    this.ended.catch(() => undefined);
    parser.once('finish', () => this.formEnded());
    parser.once('close', () => clearInterval(this.watch));
  }

  /**
   * Called when a part begins, which completes the part before it.
   * @param inMap False when the map does not name the part. The library then discards its bytes.
   */
  arrive(stream: Readable, inMap: boolean): void {
    this.current?.complete();
    this.current = inMap ? new Part(stream) : undefined;
    if (this.current) this.parts.set(stream, this.current);
  }

  /** Called when the form fails. */
  fail(reason: Error): void {
    this.current?.fail(reason);
    clearInterval(this.watch);
  }

  /** Waits for a part and opens it. Its stream ends when the part is complete, and fails when the form fails before. */
  async open(file: Promise<FileUpload>): Promise<UploadedFile> {
    if (!this.parser.destroyed) this.watch ??= setInterval(() => this.check(), CHECK_MS);
    this.awaited += 1;
    try {
      return this.readable(await Promise.race([file, this.ended]));
    } catch (error) {
      throw asRefusal(error);
    } finally {
      this.awaited -= 1;
    }
  }

  private formEnded(): void {
    this.current?.complete();
    this.end();
    clearInterval(this.watch);
  }

  private check(): void {
    const { parser } = this;
    // The parser does not emit `finish` while a part is unread.
    if (parser.writableEnded && parser.writableLength === 0 && !parser.destroyed) this.formEnded();
    this.blockedSince = this.isBlocked() ? (this.blockedSince ?? Date.now()) : undefined;
    if (this.blockedSince !== undefined && Date.now() - this.blockedSince >= BLOCKED_MS) this.endForm(wrongOrder());
  }

  /**
   * Returns true when a resolver waits for a part, but the parser cannot go on, because the buffer of a part that no
   * resolver has opened is full. Returns false when the parser only waits for a slow reader of an opened part.
   */
  private isBlocked(): boolean {
    const parts = [...this.parts.values()];
    const isWaiting = this.awaited > 0 || parts.some((part) => part.isOpen && !part.isComplete);
    const isObstructed = parts.some(({ isOpen, stream }) => !isOpen && isFull(stream));
    const isRead = parts.some(({ isOpen, stream }) => isOpen && stream.readableLength > 0);
    return isWaiting && isObstructed && !isRead && this.parser.writableLength > 0;
  }

  private readable(file: FileUpload): UploadedFile {
    const stream = file.createReadStream();
    // If the part has already failed, its error event was emitted before anyone listened.
    if (stream.destroyed) throw stream.errored ?? new Error('The part ended early.');
    const part = this.parts.get(stream);
    if (part) part.isOpen = true;
    const { filename, mimetype } = file as Partial<FileUpload>;
    return {
      filename: filename ?? '',
      declaredType: mimetype ?? '',
      stream: part ? completeOnly(part) : stream,
      // The parser keeps no chunk that it has passed on.
      ownsChunks: true,
    };
  }
}

function isFull(stream: Readable): boolean {
  return stream.readableLength >= stream.readableHighWaterMark;
}

/** Returns the bytes of a part. The stream ends only when the part is complete; otherwise it fails. */
function completeOnly({ stream, completed }: Part): Readable {
  const bytes = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      completed.then(
        () => done(),
        (error: unknown) => done(asRefusal(error)),
      );
    },
  });
  pipeline(stream, bytes, () => undefined);
  return bytes;
}

function wrongOrder(): LecternError {
  const message = 'The files are in the wrong order. Send them in the order of the fields that use them.';
  return new LecternError('BAD_REQUEST', message);
}

/** Translates an error of the library. One without a status means that the form ended early: UPLOAD_INCOMPLETE. */
export function asRefusal(error: unknown): LecternError {
  if (error instanceof LecternError) return error;
  const { status, message = '' } = (error ?? {}) as { status?: number; message?: string };
  if (status === 413 && message.includes('max file uploads')) {
    return new LecternError('TOO_MANY_FILES', message, { cause: error });
  }
  if (message === 'Malformed part header') {
    return new LecternError('BAD_REQUEST', 'A part of the form has a malformed or overlong header.', { cause: error });
  }
  if (status === 499 || status === undefined) return new LecternError('UPLOAD_INCOMPLETE', undefined, { cause: error });
  return new LecternError('BAD_REQUEST', message, { cause: error });
}
