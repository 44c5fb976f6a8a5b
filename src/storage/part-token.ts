import type { ReceivedPart } from './direct-uploads.js';
import { EXPIRY_PATTERN, single } from './token-query.js';

/** What the signed URL of a part of a direct upload promises, all of it covered by the signature. */
export interface PartGrant extends ReceivedPart {
  /** To the millisecond. */
  readonly expiresAt: Date;
}

/** What a request that sends a part brings: the key comes from its path, the MD5 from its header, the rest from its query. */
export interface PresentedPart {
  readonly key: string;
  readonly query: URLSearchParams;
  /** The header Content-MD5. A client can leave it out, or send another one: then the signature does not fit. */
  readonly md5: string | undefined;
}

const METHOD = 'PUT';

/** Decimal, in one spelling, and exact in a double. */
const COUNT_PATTERN = /^(0|[1-9][0-9]{0,14})$/;

/** The query without its signature, and the values that the signature covers. */
export function partQuery(grant: PartGrant): { query: URLSearchParams; values: readonly unknown[] } {
  const { key, uploadId, number, offset, size, md5, expiresAt } = grant;
  const query = new URLSearchParams({
    upload: uploadId,
    part: String(number),
    offset: String(offset),
    size: String(size),
    expires: String(expiresAt.getTime()),
  });
  return { query, values: [METHOD, key, uploadId, number, offset, size, md5 ?? null, expiresAt.getTime()] };
}

/** Returns null for a query that `partQuery` does not make. */
export function readPartQuery({ key, query, md5 }: PresentedPart): PartGrant | null {
  const uploadId = single(query, 'upload');
  const number = count(query, 'part');
  const offset = count(query, 'offset');
  const size = count(query, 'size');
  const expires = single(query, 'expires');
  if (uploadId === null || number === null || offset === null || size === null) return null;
  if (expires === null || !EXPIRY_PATTERN.test(expires)) return null;
  const part = { key, uploadId, number, offset, size, expiresAt: new Date(Number(expires)) };
  return md5 === undefined ? part : { ...part, md5 };
}

function count(query: URLSearchParams, name: string): number | null {
  const value = single(query, name);
  return value !== null && COUNT_PATTERN.test(value) ? Number(value) : null;
}
