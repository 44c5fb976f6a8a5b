import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { NextFunction, Request, Response } from 'express';
import fresh from 'fresh';
import parseRange from 'range-parser';
import { LecternError } from '../errors.js';
import { describeError } from '../graphql/format-error.js';
import { mayBeInline } from '../media/slots.js';
import type { FileGrant } from '../storage/file-token.js';
import { isObjectKey } from '../storage/object-key.js';
import { ObjectNotFoundError } from '../storage/storage.js';
import type { ByteRange, ObjectStat } from '../storage/storage.js';
import { receivePart, type FilePartsOptions } from './file-parts.js';
import { adviseClient } from './json-error.js';
import { responseBody } from './response-body.js';
import { grantOf } from './signed-link.js';

export interface FilesRouterOptions extends FilePartsOptions {
  /** A download is ended when its client has accepted no byte for this time, in milliseconds. */
  readonly stallMs: number;
  readonly logger?: { error(fields: object, message: string): void };
}

/**
 * A browser that opens a file as a page may only show it; scripts are never allowed. Chromium shows an image or a video
 * in a page that loads it from its own URL and has inline styles: so 'self' and inline styles are allowed, and
 * allow-same-origin, because otherwise the sandboxed page has no origin and 'self' matches nothing.
 */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin";

const ALLOWED_METHODS = 'GET, HEAD';
const ALLOWED_UPLOAD_METHODS = 'PUT';

/** Below this, parts of direct uploads are received. No slot has it as the prefix of its keys. */
const UPLOADS_PATH = '/uploads/';

/** Headers that describe a file. They are removed from error responses. */
const FILE_HEADERS = [
  'ETag',
  'Last-Modified',
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Length',
  'Content-Range',
];

/**
 * Serves `/files/{key}` to every client with a valid signed URL, and receives parts of direct uploads under
 * `/files/uploads/{key}`. Accesses the disk only after the token was verified.
 */
export function filesRouter(options: FilesRouterOptions): Router {
  const router = Router();
  router.use(setCommonHeaders, refuseOtherMethods, async (request: Request, response: Response) => {
    if (!isUpload(request)) {
      await serveFile(options, request, response);
      return;
    }
    const { key, query } = readUrl(request.url.slice(UPLOADS_PATH.length));
    await receivePart(options, key, query, request, response);
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
  const grant = grantOf(isObjectKey(key) ? tokens.verify({ purpose: 'get', method: 'GET', key, query }) : null);
  const stat = await storage.stat(key);
  if (stat === null) throw fileNotFound();

  setFileHeaders(response, grant, stat);
  if (!ifMatchHolds(request.headers, etagOf(key), stat.modifiedAt)) {
    throw new LecternError('BAD_REQUEST', 'The condition of the request does not match this file.', { status: 412 });
  }
  if (fresh(request.headers, { etag: etagOf(key), 'last-modified': stat.modifiedAt.toUTCString() })) {
    response.status(304).end();
    return;
  }

  const range = wantedRange(request, etagOf(key), stat);
  if (range === 'unsatisfiable') {
    sendError(response, 416, new LecternError('BAD_REQUEST', 'The range is outside the file.'), {
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
  // The time restarts with every write that the system accepts. A paused player continues later with a range request.
  response.setTimeout(stallMs, () => response.destroy());
  try {
    const body = responseBody(response);
    await (signal ? pipeline(file, body, { signal }) : pipeline(file, body));
  } catch (error) {
    // The response has begun, so it can only be ended early. `pipeline` has done that.
    if (!clientLeft(error) && signal?.aborted !== true)
      logger?.error({ err: error, key }, 'could not read a file to its end');
  }
}

/** Splits the URL into key and query. A key must be decoded only here, and only once. */
function readUrl(url: string): { key: string; query: URLSearchParams } {
  const [path = '', ...rest] = url.split('?');
  try {
    return { key: decodeURIComponent(path.replace(/^\//, '')), query: new URLSearchParams(rest.join('?')) };
  } catch (error) {
    throw new LecternError('BAD_REQUEST', 'The URL is malformed.', { cause: error });
  }
}

/** A strong ETag (RFC 9110, section 8.8.3). A hash of the key is enough, because no key is written twice. */
function etagOf(key: string): string {
  return `"${createHash('sha256').update(key).digest('base64url').slice(0, 27)}"`;
}

/**
 * Returns the range to send. By RFC 9110, section 14.2, a Range header applies to GET only and may be ignored when it
 * is malformed, has another unit, or has several parts. Several parts are ignored because a small request could
 * otherwise make the server send the same bytes many times.
 */
function wantedRange(
  request: Request,
  etag: string,
  { size, modifiedAt }: ObjectStat,
): ByteRange | 'whole' | 'unsatisfiable' {
  const header = request.headers.range;
  if (header === undefined || request.method !== 'GET' || header.includes(',')) return 'whole';
  if (!ifRangeHolds(request.headers['if-range'], etag, modifiedAt)) return 'whole';

  // A suffix that is longer than the file means the whole file (section 14.1.2). range-parser calls it unsatisfiable.
  const suffixLength = Number(/^bytes=\s*-([0-9]+)$/.exec(header.trim())?.[1] ?? 0);
  if (suffixLength > size && size > 0) return { start: 0, end: size - 1 };

  const ranges = parseRange(size, header);
  if (ranges === -1) return 'unsatisfiable';
  const range = ranges === -2 || ranges.type !== 'bytes' ? undefined : ranges[0];
  return range === undefined ? 'whole' : { start: range.start, end: range.end };
}

/**
 * Checks `If-Match`: it must contain the ETag or be `*`. Without it checks `If-Unmodified-Since`, and ignores an
 * invalid date. RFC 9110, sections 13.1.1 and 13.1.4.
 */
function ifMatchHolds(headers: Request['headers'], etag: string, modifiedAt: Date): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return match.trim() === '*' || match.split(',').some((one) => one.trim() === etag);
  const since = Date.parse(headers['if-unmodified-since'] ?? '');
  return Number.isNaN(since) || Math.floor(modifiedAt.getTime() / 1_000) * 1_000 <= since;
}

/** Checks `If-Range`: it must be the ETag or the exact date, otherwise the whole file is sent. RFC 9110, 13.1.5. */
function ifRangeHolds(condition: string | string[] | undefined, etag: string, modifiedAt: Date): boolean {
  return condition === undefined || condition === etag || condition === modifiedAt.toUTCString();
}

function setCommonHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  // Pages of other origins may show these files. Captions, and players that use `fetch`, need CORS too (cors.ts).
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  response.setHeader('Cache-Control', 'no-store');
  next();
}

function isUpload(request: Request): boolean {
  return request.url.startsWith(UPLOADS_PATH);
}

function refuseOtherMethods(request: Request, response: Response, next: NextFunction): void {
  const allowed = isUpload(request) ? ALLOWED_UPLOAD_METHODS : ALLOWED_METHODS;
  if (allowed.split(', ').includes(request.method)) {
    next();
    return;
  }
  const refusal = new LecternError('BAD_REQUEST', `Only ${allowed} is allowed here.`);
  sendError(response, 405, refusal, { Allow: allowed });
}

function setFileHeaders(response: Response, grant: FileGrant, stat: ObjectStat): void {
  const secondsLeft = Math.max(0, Math.floor((grant.expiresAt.getTime() - Date.now()) / 1000));
  response.setHeader('Cache-Control', `private, max-age=${secondsLeft}`);
  response.setHeader('ETag', etagOf(grant.key));
  response.setHeader('Last-Modified', stat.modifiedAt.toUTCString());
  response.setHeader('Accept-Ranges', 'bytes');
  // Not `response.type()`, which would add a charset that was not signed.
  response.setHeader('Content-Type', grant.contentType);
  response.setHeader('Content-Disposition', dispositionOf(grant));
}

/** The signed disposition. Types that browsers must not show are always sent as attachments. */
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
  if (answer.status >= 500) logger?.error({ err: error, path: request.path }, 'could not serve or receive a file');
  sendError(response, answer.status, answer);
}

/** Sends a JSON error. `response.json()` would add an ETag and keep the Content-Type of the file. */
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
  return new LecternError('NOT_FOUND', 'This file no longer exists.');
}

function clientLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
