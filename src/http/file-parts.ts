import { PassThrough } from 'node:stream';
import type { Request, Response } from 'express';
import { LecternError } from '../errors.js';
import { UploadGoneError } from '../storage/direct-uploads.js';
import type { FileTokens, PartGrant } from '../storage/file-token.js';
import { isObjectKey } from '../storage/object-key.js';
import type { Storage } from '../storage/storage.js';
import { askForBody, watchBody, type BodyTimes } from './body-progress.js';
import { grantOf } from './signed-link.js';
import type { UploadLimit } from './upload-limit.js';

export interface FilePartsOptions {
  /** The local storage: the one whose parts this server receives itself. */
  readonly storage: Storage;
  /** The same that the storage signs with. */
  readonly tokens: FileTokens;
  /** Aborts when the client has gone, or when the server stops and cannot wait for a part any longer. */
  readonly signalOf?: (request: Request) => AbortSignal;
  readonly bodyTimes: BodyTimes;
  /** How many parts may be received at the same time. */
  readonly partLimit: UploadLimit;
}

/** Received ahead of a slow disk, in bytes. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Receives one part of a direct upload: the PUT of a URL that the local storage has signed. Answers 200 when the part
 * would survive a power cut. Rejects with what the client reads otherwise.
 */
export async function receivePart(
  options: FilePartsOptions,
  key: string,
  query: URLSearchParams,
  request: Request,
  response: Response,
): Promise<void> {
  const { storage, signalOf, bodyTimes } = options;
  const part = admit(options.tokens, key, query, request);
  options.partLimit.admit(response);
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, ...(signalOf ? [signalOf(request)] : [])]);
  // Between request and storage, so that a failed write does not destroy the connection before the response.
  const body = new PassThrough({ highWaterMark: BUFFER_BYTES });
  watchBody(request, bodyTimes, (reason) => gone.abort(new LecternError('UPLOAD_INCOMPLETE', reason)));
  request.once('close', () => {
    if (!request.readableEnded) gone.abort(new LecternError('UPLOAD_INCOMPLETE'));
  });
  askForBody(request, response);
  request.pipe(body);
  try {
    await storage.direct?.receivePart?.(part, body, signal, { ownsChunks: true });
  } catch (error) {
    request.unpipe(body);
    if (error instanceof UploadGoneError) throw uploadGone(error);
    throw error;
  }
  response.status(200).end();
}

/** Verifies the token and the Content-Length. */
function admit(tokens: FileTokens, key: string, query: URLSearchParams, request: Request): PartGrant {
  const md5 = request.get('content-md5');
  const grant = grantOf(isObjectKey(key) ? tokens.verifyPart({ key, query, md5 }) : null);
  const length = request.get('content-length');
  if (length === undefined || Number(length) !== grant.size) {
    throw new LecternError('BAD_REQUEST', `This part has ${grant.size} bytes, and Content-Length must say so.`);
  }
  return grant;
}

function uploadGone(cause: UploadGoneError): LecternError {
  return new LecternError('NOT_FOUND', 'This upload has ended: it was completed, aborted or given up.', { cause });
}
