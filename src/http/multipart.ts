import type { IncomingMessage } from 'node:http';
import { PassThrough, type TransformCallback, type Writable } from 'node:stream';
import type { RequestHandler, Request } from 'express';
import { processRequest, type FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import { Upload } from '../graphql/upload.js';
import { watchBody, type BodyTimes } from './body-progress.js';
import { badForm, FormCheck, type FormLimits } from './form-check.js';
import { asRefusal } from './part-turns.js';

export interface MultipartOptions extends FormLimits, BodyTimes {
  /** The largest body, in bytes. One whose length is not announced is counted. */
  readonly maxBytes: number;
  /** Aborts with a LecternError when the server stops and cannot wait for the request any longer. */
  readonly signalOf: (request: Request) => AbortSignal;
}

/** How many bytes may wait between the socket and the parser. */
const BUFFER_BYTES = 1024 ** 2;

/**
 * Parses a GraphQL multipart request (https://github.com/jaydenseric/graphql-multipart-request-spec) up to its first
 * file and puts the operation in `request.body`, with an `Upload` wherever a file belongs. The files stream on.
 */
export function multipart(options: MultipartOptions): RequestHandler {
  return async (request, response, next) => {
    if (!request.is('multipart/form-data')) {
      next();
      return;
    }
    const body = new MultipartBody(request, options);
    // The parser counts a field of exactly its limit as cut off.
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
 * The body of a request as the parser gets it: a stream of its own, so that what the parser does to it when it gives
 * up (it lets all the rest flow by) does not reach the socket, and so that its errors always have a listener.
 */
class MultipartBody extends PassThrough {
  readonly headers: IncomingMessage['headers'];
  private check: FormCheck | undefined;
  private bytes = 0;
  /** What ended the form from outside of it. */
  private refusal: LecternError | undefined;

  constructor(
    request: Request,
    private readonly options: MultipartOptions,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
    // The parser takes the type in lower case only; to HTTP it is the same in any (RFC 9110, section 8.3.1).
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

  /** What has been found in the form so far. */
  get form(): FormCheck {
    if (!this.check) throw new Error('No parser is attached.');
    return this.check;
  }

  /** The parser is attached by this call, with all its listeners on it. */
  override pipe<T extends NodeJS.WritableStream>(parser: T, options?: { end?: boolean }): T {
    this.check = new FormCheck(parser as unknown as Writable, this.options);
    // Nothing more of a broken form is read.
    parser.once('error', () => this.destroy());
    return super.pipe(parser, options);
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.options.maxBytes) {
      this.giveUp(new LecternError('FILE_TOO_LARGE', `The request is larger than ${this.options.maxBytes} bytes.`));
    } else if (this.bytes > BUFFER_BYTES + 3 * this.options.maxFieldBytes && !this.check?.isMapped) {
      this.giveUp(badForm('has too much before its `map`'));
    }
    super._transform(chunk, encoding, done);
  }

  /** What the client reads for an error of the parser. Before the map has come there is no upload to be incomplete. */
  refusalFor(error: unknown): LecternError {
    const known = this.refusal ?? this.check?.refusal;
    if (known) return known;
    const refusal = asRefusal(error);
    const hasBegun = this.check?.isMapped ?? false;
    if (hasBegun || refusal.code === 'TOO_MANY_FILES' || isMalformedHeader(error)) return refusal;
    return badForm('ends before `operations` and `map`, or has another boundary than its header says', error);
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

/** Replaces the library's promises by our uploads, at the places that `checkFileMap` has found to be sound. */
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
      holder[last] = new Upload(() => form.turns.open(promise));
    }
  }
  return operations;
}
