import { pipeline, Transform, type Readable, type Writable } from 'node:stream';
import type { FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import type { UploadedFile } from '../graphql/upload.js';

/** How long a part that nobody reads may stand before one that is waited for, in milliseconds. */
const BLOCKED_MS = 500;
/** How often that is looked at, in milliseconds. */
const LOOK_MS = 50;

/** A file part from its header on. */
class Part {
  isOpen = false;
  /** All of it has come: the parser has found what comes behind it. */
  isWhole = false;
  /** Settles with `isWhole`, or fails when the form breaks off before. */
  readonly followed: Promise<void>;
  private resolve!: () => void;
  private reject!: (reason: Error) => void;

  constructor(readonly stream: Readable) {
    this.followed = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.followed.catch(() => undefined);
  }

  follow(): void {
    this.isWhole = true;
    this.resolve();
  }

  breakOff(reason: Error): void {
    this.reject(reason);
  }
}

/**
 * The file parts of one request come one behind the other. Fields of one mutation run one after the other, too; when
 * the part of a later field comes first and is too long to be held, the part that is waited for can never come. This
 * notices and breaks the form off, so that the client does not wait without end.
 */
export class PartTurns {
  /** The parts that were announced and have come. */
  private readonly parts = new Map<Readable, Part>();
  /** The part that the parser is at. */
  private current: Part | undefined;
  /** How many parts are waited for that have not come. */
  private awaited = 0;
  /** Fails when the form has ended: what has not come by then is missing. */
  private readonly ended: Promise<never>;
  private end!: () => void;
  private blockedSince: number | undefined;
  private watch: NodeJS.Timeout | undefined;

  /** @param breakOff Ends the form. The error is given to every reader that waits for a part of it. */
  constructor(
    private readonly parser: Writable,
    private readonly breakOff: (reason: LecternError) => void,
  ) {
    this.ended = new Promise((_resolve, reject) => {
      this.end = () => reject(new LecternError('BAD_REQUEST', 'A file of the map is missing in the form.'));
    });
    this.ended.catch(() => undefined);
    parser.once('finish', () => this.formEnded());
    parser.once('close', () => clearInterval(this.watch));
  }

  /** A part begins, so the one before it has ended. One that was not announced is let by unread by the library. */
  arrive(stream: Readable, announced: boolean): void {
    this.current?.follow();
    this.current = announced ? new Part(stream) : undefined;
    if (this.current) this.parts.set(stream, this.current);
  }

  formBroke(reason: Error): void {
    this.current?.breakOff(reason);
    clearInterval(this.watch);
  }

  /** Waits for a part and opens it. Its stream ends when the form goes on behind it, and fails when it breaks off. */
  async open(file: Promise<FileUpload>): Promise<UploadedFile> {
    if (!this.parser.destroyed) this.watch ??= setInterval(() => this.look(), LOOK_MS);
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
    this.current?.follow();
    this.end();
    clearInterval(this.watch);
  }

  private look(): void {
    const { parser } = this;
    // With a part that nobody has read the parser does not tell that it has finished.
    if (parser.writableEnded && parser.writableLength === 0 && !parser.destroyed) this.formEnded();
    this.blockedSince = this.isBlocked() ? (this.blockedSince ?? Date.now()) : undefined;
    if (this.blockedSince !== undefined && Date.now() - this.blockedSince >= BLOCKED_MS) this.breakOff(outOfTurn());
  }

  /**
   * Somebody waits; the parser holds bytes that it cannot pass on, because a part that nobody has opened is full; and
   * it is not a slow reader of an opened part that it waits for.
   */
  private isBlocked(): boolean {
    const parts = [...this.parts.values()];
    const isWaiting = this.awaited > 0 || parts.some((part) => part.isOpen && !part.isWhole);
    const isObstructed = parts.some(({ isOpen, stream }) => !isOpen && isFull(stream));
    const isRead = parts.some(({ isOpen, stream }) => isOpen && stream.readableLength > 0);
    return isWaiting && isObstructed && !isRead && this.parser.writableLength > 0;
  }

  private readable(file: FileUpload): UploadedFile {
    const stream = file.createReadStream();
    // A part that was cut off before this moment has told so already, to nobody.
    if (stream.destroyed) throw stream.errored ?? new Error('The part was cut off.');
    const part = this.parts.get(stream);
    if (part) part.isOpen = true;
    const { filename, mimetype } = file as Partial<FileUpload>;
    return { filename: filename ?? '', declaredType: mimetype ?? '', stream: part ? whole(part) : stream };
  }
}

function isFull(stream: Readable): boolean {
  return stream.readableLength >= stream.readableHighWaterMark;
}

/** The bytes of a part, with an end only when the part has one. */
function whole({ stream, followed }: Part): Readable {
  const bytes = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      followed.then(
        () => done(),
        (error: unknown) => done(asRefusal(error)),
      );
    },
  });
  pipeline(stream, bytes, () => undefined);
  return bytes;
}

function outOfTurn(): LecternError {
  const message =
    'A file stands before one that is needed first. Send the files in the order of the fields that take them.';
  return new LecternError('BAD_REQUEST', message);
}

/** The library's errors have a status and a message for the client; what has none is a form that broke off. */
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
