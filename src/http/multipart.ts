import type { IncomingMessage } from 'node:http';
import { PassThrough, type TransformCallback, type Writable } from 'node:stream';
import type { RequestHandler, Request } from 'express';
import { processRequest, type FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import { Upload } from '../graphql/upload.js';
import { watchBody, type BodyTimes } from './body-progress.js';
import { badForm, FormCheck, type FormLimits } from './form-check.js';
import { asRefusal } from './part-order.js';

export interface MultipartOptions extends FormLimits, BodyTimes {
  /** The largest body, in bytes. The bytes are counted, because a body may have no Content-Length. */
  readonly maxBytes: number;
  /** Returns a signal that aborts with a LecternError when the server stops and no longer waits for the request. */
  readonly signalOf: (request: Request) => AbortSignal;
}

/** The size of the buffer between the socket and the parser, in bytes: what is read from a socket at once. */
const BUFFER_BYTES = 64 * 1024;
/** What may arrive before the map besides fields, in bytes: the headers of parts, and what the parser has not read yet. */
const MAX_BYTES_BESIDE_FIELDS = 1024 ** 2;

/**
 * Parses a GraphQL multipart request (https://github.com/jaydenseric/graphql-multipart-request-spec) up to its first
 * file. Puts the operation into `request.body`, with an `Upload` in the place of each file. Resolvers then read the
 * files as streams.
 */
export function multipart(options: MultipartOptions): RequestHandler {
  return async (request, response, next) => {
    if (!request.is('multipart/form-data')) {
      next();
      return;
    }
    const body = new MultipartBody(request, options);
    // One more byte, because the parser marks a field of exactly the limit as truncated.
    const limits = { maxFieldSize: options.maxFieldBytes + 1, maxFiles: options.maxFiles, maxFileSize: Infinity };
    try {
      const operations = await processRequest(body as unknown as IncomingMessage, response, limits);
      request.body = withUploads(operations, body.form);
      next();
    } catch (error) {
      next(body.refusalFor(error));
    }
  };
}

/**
 * The body of a request as the parser reads it. A separate stream, so that its errors always have a listener, and so
 * that the parser cannot resume the request itself: after an error it would drain the rest of the body.
 */
class MultipartBody extends PassThrough {
  readonly headers: IncomingMessage['headers'];
  private check: FormCheck | undefined;
  private bytes = 0;
  /** The error that ended the form, if its reason was not in the form. */
  private refusal: LecternError | undefined;

  constructor(
    request: Request,
    private readonly options: MultipartOptions,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
    // The parser accepts the type in lower case only. In HTTP case does not matter (RFC 9110, section 8.3.1).
    const contentType = request.get('content-type') ?? '';
    this.headers = { ...request.headers, 'content-type': contentType.replace(/^[^;]*/, 'multipart/form-data') };
    this.on('error', () => undefined);
    request.pipe(this);
    watchBody(request, options, (reason) => this.giveUp(new LecternError('UPLOAD_INCOMPLETE', reason)));
    const signal = options.signalOf(request);
    signal.addEventListener('abort', () => {
      if (signal.reason instanceof LecternError) this.giveUp(signal.reason);
    });
    request.once('close', () => {
      if (!request.readableEnded) this.destroy();
    });
  }

  /** The checks of the form. */
  get form(): FormCheck {
    if (!this.check) throw new Error('No parser is attached.');
    return this.check;
  }

  /** The library calls this to attach the parser, after it has added all its listeners to it. */
  override pipe<T extends NodeJS.WritableStream>(parser: T, options?: { end?: boolean }): T {
    this.check = new FormCheck(parser as unknown as Writable, this.options);
    // Stop reading when the form is invalid.
    parser.once('error', () => this.destroy());
    return super.pipe(parser, options);
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.options.maxBytes) {
      this.giveUp(new LecternError('FILE_TOO_LARGE', `The request is larger than ${this.options.maxBytes} bytes.`));
    } else if (this.bytes > MAX_BYTES_BESIDE_FIELDS + 3 * this.options.maxFieldBytes && !this.check?.isMapped) {
      this.giveUp(badForm('has too many bytes before its `map`'));
    }
    super._transform(chunk, encoding, done);
  }

  /** The client's error for an error of the parser. UPLOAD_INCOMPLETE is possible only after the map has arrived. */
  refusalFor(error: unknown): LecternError {
    const known = this.refusal ?? this.check?.refusal;
    if (known) return known;
    const refusal = asRefusal(error);
    const hasBegun = this.check?.isMapped ?? false;
    if (hasBegun || refusal.code === 'TOO_MANY_FILES' || isMalformedHeader(error)) return refusal;
    return badForm('ends before `operations` and `map`, or its boundary is not the one in the header', error);
  }

  private giveUp(refusal: LecternError): void {
    this.refusal ??= refusal;
    this.check?.refuse(this.refusal);
    this.destroy(this.refusal);
  }
}

function isMalformedHeader(error: unknown): boolean {
  return error instanceof Error && error.message === 'Malformed part header';
}

/** Replaces the library's promises by `Upload` objects, at the paths that `checkFileMap` has accepted. */
function withUploads(operations: object, form: FormCheck): object {
  for (const paths of form.files.values()) {
    for (const path of paths) {
      const segments = path.split('.');
      const last = segments.pop() ?? '';
      const holder = segments.reduce<Record<string, unknown>>(
        (value, segment) => value[segment] as Record<string, unknown>,
        operations as Record<string, unknown>,
      );
      const { promise } = holder[last] as { promise: Promise<FileUpload> };
      holder[last] = new Upload(() => form.parts.open(promise));
    }
  }
  return operations;
}
