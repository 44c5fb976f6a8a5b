import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { NextFunction, Request, Response } from 'express';
import fresh from 'fresh';
import parseRange from 'range-parser';
import { LecternError } from '../errors.js';
import { describeError } from '../graphql/format-error.js';
import { mayBeInline } from '../media/slots.js';
import type { FileGrant, FileTokens } from '../storage/file-token.js';
import { isObjectKey } from '../storage/object-key.js';
import { ObjectNotFoundError } from '../storage/storage.js';
import type { ByteRange, ObjectStat, Storage } from '../storage/storage.js';
import { adviseClient } from './json-error.js';

export interface FilesRouterOptions {
  /** The local storage: the one whose files this server serves itself. */
  readonly storage: Storage;
  /** The same that the storage signs with. */
  readonly tokens: FileTokens;
  /** Aborts when the server stops and cannot wait for a download any longer. */
  readonly signalOf?: (request: Request) => AbortSignal;
  /** How long the reader of a file may take no byte before it is cut off, in milliseconds. */
  readonly stallMs: number;
  readonly logger?: { error(fields: object, message: string): void };
}

/**
 * What a file may do when a browser opens it as a page: nothing, but show itself. Chromium wraps an image or a video in
 * a page of its own that loads it from its own URL and styles it inline: hence 'self', and allow-same-origin, without
 * which the sandbox's origin is none and the video is refused to its own page. Nothing allows a script.
 */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin";

const ALLOWED_METHODS = 'GET, HEAD';

/** What describes a file, and so must not be on an answer that carries none. */
const FILE_HEADERS = [
  'ETag',
  'Last-Modified',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Length',
  'Content-Range',
];

/** Serves `/files/{key}` to any client with a signed URL. Mounted at `/files`; the disk is read only with a good token. */
export function filesRouter(options: FilesRouterOptions): Router {
  const router = Router();
  router.use(setCommonHeaders, refuseOtherMethods, async (request: Request, response: Response) => {
    await serveFile(options, request, response);
  });
  router.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    answerError(options, error, request, response, next);
  });
  return router;
}

async function serveFile(
  { storage, tokens, logger, signalOf, stallMs }: FilesRouterOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const { key, query } = readUrl(request.url);
  const grant = admit(tokens, key, query);
  const stat = await storage.stat(key);
  if (stat === null) throw fileNotFound();

  setFileHeaders(response, grant, stat);
  if (!ifMatchHolds(request.headers, etagOf(key), stat.modifiedAt)) {
    throw new LecternError('BAD_REQUEST', 'The file is not the one that the condition names.', { status: 412 });
  }
  if (fresh(request.headers, { etag: etagOf(key), 'last-modified': stat.modifiedAt.toUTCString() })) {
    response.status(304).end();
    return;
  }

  const range = wantedRange(request, etagOf(key), stat);
  if (range === 'unsatisfiable') {
    sendError(response, 416, new LecternError('BAD_REQUEST', 'The range lies outside the file.'), {
      'Content-Range': `bytes */${stat.size}`,
    });
    return;
  }
  setLength(response, range, stat.size);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }

  const file = await storage.open(key, range === 'whole' ? {} : { range });
  const signal = signalOf?.(request);
  // Node counts from the last byte that the system took. A player that has paused takes the rest up again by range.
  response.setTimeout(stallMs, () => response.destroy());
  try {
    await (signal ? pipeline(file, response, { signal }) : pipeline(file, response));
  } catch (error) {
    // The answer has begun, so it can only be cut short, which pipeline did.
    if (!clientLeft(error) && signal?.aborted !== true)
      logger?.error({ err: error, key }, 'a file could not be read to its end');
  }
}

/** The one place where a key is decoded, and it is decoded once. */
function readUrl(url: string): { key: string; query: URLSearchParams } {
  const [path = '', ...rest] = url.split('?');
  try {
    return { key: decodeURIComponent(path.replace(/^\//, '')), query: new URLSearchParams(rest.join('?')) };
  } catch (error) {
    throw new LecternError('BAD_REQUEST', 'The URL is malformed.', { cause: error });
  }
}

/** The same answer for a missing, a forged and an expired token, and for what could not be a key. */
function admit(tokens: FileTokens, key: string, query: URLSearchParams): FileGrant {
  const verdict = isObjectKey(key) ? tokens.verify({ purpose: 'get', method: 'GET', key, query }) : null;
  if (verdict === null || !verdict.valid) {
    throw new LecternError('FORBIDDEN', 'This link is not valid, or no longer. Ask for a new one.');
  }
  return verdict.grant;
}

/** Strong (RFC 9110, section 8.8.3), made from the key alone: no key is written twice, so it names these very bytes. */
function etagOf(key: string): string {
  return `"${createHash('sha256').update(key).digest('base64url').slice(0, 27)}"`;
}

/**
 * RFC 9110, section 14.2: a Range counts for GET only, and one that is malformed, of another unit or of several parts
 * may be ignored. Several parts would let one small request make the server send the same bytes many times.
 */
function wantedRange(
  request: Request,
  etag: string,
  { size, modifiedAt }: ObjectStat,
): ByteRange | 'whole' | 'unsatisfiable' {
  const header = request.headers.range;
  if (header === undefined || request.method !== 'GET' || header.includes(',')) return 'whole';
  if (!ifRangeHolds(request.headers['if-range'], etag, modifiedAt)) return 'whole';

  // A suffix longer than the file means all of it (section 14.1.2); range-parser calls it unsatisfiable.
  const suffixLength = Number(/^bytes=\s*-([0-9]+)$/.exec(header.trim())?.[1] ?? 0);
  if (suffixLength > size && size > 0) return { start: 0, end: size - 1 };

  const ranges = parseRange(size, header);
  if (ranges === -1) return 'unsatisfiable';
  const range = ranges === -2 || ranges.type !== 'bytes' ? undefined : ranges[0];
  return range === undefined ? 'whole' : { start: range.start, end: range.end };
}

/**
 * RFC 9110, sections 13.1.1 and 13.1.4: `If-Match` names the ETag among others, or is `*`. Only without it counts
 * `If-Unmodified-Since`: a date from which on the file has not changed. What is no date is ignored.
 */
function ifMatchHolds(headers: Request['headers'], etag: string, modifiedAt: Date): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return match.trim() === '*' || match.split(',').some((one) => one.trim() === etag);
  const since = Date.parse(headers['if-unmodified-since'] ?? '');
  return Number.isNaN(since) || Math.floor(modifiedAt.getTime() / 1_000) * 1_000 <= since;
}

/** RFC 9110, section 13.1.5: the strong ETag, or the exact date. Anything else means: send the whole. */
function ifRangeHolds(condition: string | string[] | undefined, etag: string, modifiedAt: Date): boolean {
  return condition === undefined || condition === etag || condition === modifiedAt.toUTCString();
}

function setCommonHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  // A page of another origin shows these files: that is what the URL was signed for. Captions, and players that fetch,
  // need CORS as well (cors.ts).
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  response.setHeader('Cache-Control', 'no-store');
  next();
}

function refuseOtherMethods(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  const refusal = new LecternError('BAD_REQUEST', `Only ${ALLOWED_METHODS} are possible here.`);
  sendError(response, 405, refusal, { Allow: ALLOWED_METHODS });
}

function setFileHeaders(response: Response, grant: FileGrant, stat: ObjectStat): void {
  const secondsLeft = Math.max(0, Math.floor((grant.expiresAt.getTime() - Date.now()) / 1000));
  response.setHeader('Cache-Control', `private, max-age=${secondsLeft}`);
  response.setHeader('ETag', etagOf(grant.key));
  response.setHeader('Last-Modified', stat.modifiedAt.toUTCString());
  response.setHeader('Accept-Ranges', 'bytes');
  // Not response.type(): it would add a charset that nobody signed.
  response.setHeader('Content-Type', grant.contentType);
  response.setHeader('Content-Disposition', dispositionOf(grant));
}

/** The disposition that was signed; but a type that browsers must not show in place is always sent as attachment. */
function dispositionOf({ contentType, disposition }: FileGrant): string {
  return mayBeInline(contentType) ? disposition : `attachment${disposition.replace(/^[^;]*/, '')}`;
}

function setLength(response: Response, range: ByteRange | 'whole', size: number): void {
  if (range === 'whole') {
    response.setHeader('Content-Length', size);
    return;
  }
  response.status(206);
  response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  response.setHeader('Content-Length', range.end - range.start + 1);
}

function answerError(
  { logger }: FilesRouterOptions,
  error: unknown,
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  if (response.headersSent) {
    next(error);
    return;
  }
  const answer = asAnswer(error);
  if (answer.status >= 500) logger?.error({ err: error, path: request.path }, 'a file could not be served');
  sendError(response, answer.status, answer);
}

/** Written by hand: response.json() would add an ETag, and keep the Content-Type of the file that is not sent. */
function sendError(
  response: Response,
  status: number,
  error: LecternError,
  headers: Record<string, string> = {},
): void {
  for (const name of FILE_HEADERS) response.removeHeader(name);
  adviseClient(response, status);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.status(status);
  response.end(JSON.stringify({ errors: [{ message: error.message, extensions: describeError(error) }] }));
}

function asAnswer(error: unknown): LecternError {
  if (error instanceof LecternError) return error;
  if (error instanceof ObjectNotFoundError) return fileNotFound();
  return new LecternError('INTERNAL_SERVER_ERROR', undefined, { cause: error });
}

function fileNotFound(): LecternError {
  return new LecternError('NOT_FOUND', 'This file is no longer here.');
}

function clientLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
