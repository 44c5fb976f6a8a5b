import type { IncomingMessage } from 'node:http';
import { PassThrough, type Writable } from 'node:stream';
import type { RequestHandler, Request } from 'express';
import { processRequest, type FileUpload } from 'graphql-upload-minimal';
import { LecternError } from '../errors.js';
import { Upload } from '../graphql/upload.js';
import { onStall } from './body-progress.js';
import { checkFileMap } from './file-map.js';
import { asRefusal, PartTurns } from './part-turns.js';

export interface MultipartOptions {
  /** How many files one request may carry. */
  readonly maxFiles: number;
  /** How long the `operations` and the `map` field may be, in bytes. */
  readonly maxFieldBytes: number;
  /** How long the body may bring no byte while bytes are awaited, in milliseconds. */
  readonly stallMs: number;
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
    const limits = { maxFieldSize: options.maxFieldBytes, maxFiles: options.maxFiles, maxFileSize: Infinity };
    try {
      const operations = await processRequest(body as unknown as IncomingMessage, response, limits);
      if (body.refusal) throw body.refusal;
      if (Array.isArray(operations)) throw new LecternError('BAD_REQUEST', 'Send one operation at a time, not a list.');
      request.body = withUploads(operations, body.files, new PartTurns());
      next();
    } catch (error) {
      next(body.refusal ?? asRefusal(error));
    }
  };
}

/**
 * The body of a request as the parser gets it: a stream of its own, so that what the parser does to it when it gives
 * up (it lets all the rest flow by) does not reach the socket, and so that its errors always have a listener.
 */
class MultipartBody extends PassThrough {
  readonly headers: IncomingMessage['headers'];
  /** Where each announced file belongs. */
  files: ReadonlyMap<string, readonly string[]> = new Map();
  /** What the checks before the parser's own found. */
  refusal: LecternError | undefined;

  constructor(
    request: Request,
    private readonly options: MultipartOptions,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
    this.headers = request.headers;
    this.on('error', () => undefined);
    request.pipe(this);
    onStall(request, options.stallMs, () => {
      this.giveUp(new LecternError('UPLOAD_INCOMPLETE', 'The request stopped coming and was given up.'));
    });
    const signal = options.signalOf(request);
    signal.addEventListener('abort', () => {
      if (signal.reason instanceof LecternError) this.giveUp(signal.reason);
    });
    request.once('close', () => {
      if (!request.readableEnded) this.destroy();
    });
  }

  private giveUp(refusal: LecternError): void {
    this.refusal ??= refusal;
    this.destroy(refusal);
  }

  /** The parser is attached by this call: before it sees a field, the field is checked here. */
  override pipe<T extends NodeJS.WritableStream>(parser: T, options?: { end?: boolean }): T {
    let operations: unknown;
    // A malformed part header is an error that the library does not listen for: it would end the process.
    parser.on('error', () => undefined);
    parser.prependListener('field', (name: string, value: string) => {
      try {
        if (name === 'operations') operations = parseOrUndefined(value);
        if (name === 'map') this.files = checkFileMap(operations, parseOrUndefined(value), this.options.maxFiles);
      } catch (error) {
        this.refusal = error as LecternError;
        (parser as unknown as Writable).destroy(this.refusal);
      }
    });
    return super.pipe(parser, options);
  }
}

/** What is no JSON is told by the parser, with words of its own. */
function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Replaces the library's promises by our uploads, at the places that `checkFileMap` has found to be sound. */
function withUploads(operations: object, files: ReadonlyMap<string, readonly string[]>, turns: PartTurns): object {
  for (const paths of files.values()) {
    for (const path of paths) {
      const segments = path.split('.');
      const last = segments.pop() ?? '';
      const holder = segments.reduce<Record<string, unknown>>(
        (value, segment) => value[segment] as Record<string, unknown>,
        operations as Record<string, unknown>,
      );
      const { promise } = holder[last] as { promise: Promise<FileUpload> };
      turns.expect(promise);
      holder[last] = new Upload(() => turns.open(promise));
    }
  }
  return operations;
}
