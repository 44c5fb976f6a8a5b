import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a URL of our own lets its bearer do. Each purpose has its own key, so no token of one serves as another's. */
export type FilePurpose = 'get';

/** What a token promises, all of it covered by the signature. */
export interface FileGrant {
  readonly purpose: FilePurpose;
  /** The HTTP method. A GET token also answers HEAD. */
  readonly method: 'GET';
  readonly key: string;
  /** To the millisecond. */
  readonly expiresAt: Date;
  /** The whole Content-Disposition header that the file is served with. */
  readonly disposition: string;
  readonly contentType: string;
}

/** What a request brings: what it wants to do comes from its path and method, the rest from its query. */
export interface PresentedToken {
  readonly purpose: FilePurpose;
  readonly method: 'GET';
  readonly key: string;
  readonly query: URLSearchParams;
}

/** Why a token is refused is for logs only: the client reads the same 403 for each. */
export type TokenVerdict =
  | { readonly valid: true; readonly grant: FileGrant }
  | { readonly valid: false; readonly reason: 'malformed' | 'tampered' | 'expired' };

/** HKDF's `info`, RFC 5869 section 3.2. The version changes when the signed text below does. */
const KEY_LABELS: Record<FilePurpose, string> = { get: 'lectern file-token get v1' };

const KEY_BYTES = 32;

/** Milliseconds since 1970 in decimal. 15 digits reach the year 33658 and stay exact in a double. */
const EXPIRY_PATTERN = /^[1-9][0-9]{0,14}$/;

/** Signs and verifies the URLs under `/files`: HMAC-SHA256, with a key derived from the server's secret per purpose. */
export class FileTokens {
  private readonly keys: Keys;
  private readonly previousKeys: readonly Keys[];

  /**
   * @param secret Signs. At least 32 bytes in production: `config.ts` sees to it.
   * @param previous Secrets that signed before it was changed: URLs that are out are still accepted.
   */
  constructor(secret: string | Buffer, previous: readonly string[] = []) {
    this.keys = keysOf(secret);
    this.previousKeys = previous.map(keysOf);
  }

  /** The query of a signed URL. The same grant always gives the same query, so that caches can know a URL again. */
  sign(grant: FileGrant): URLSearchParams {
    const expires = String(grant.expiresAt.getTime());
    if (!EXPIRY_PATTERN.test(expires)) throw new RangeError('A file token needs an expiry after 1970.');
    return new URLSearchParams({
      expires,
      disposition: grant.disposition,
      type: grant.contentType,
      signature: signatureOf(grant, this.keys),
    });
  }

  /** Never throws, whatever the query holds. A token is good until the millisecond of its expiry, and not in it. */
  verify(presented: PresentedToken, now: number = Date.now()): TokenVerdict {
    const expires = single(presented.query, 'expires');
    const disposition = single(presented.query, 'disposition');
    const contentType = single(presented.query, 'type');
    const signature = single(presented.query, 'signature');
    if (expires === null || disposition === null || contentType === null || signature === null)
      return refused('malformed');
    if (!EXPIRY_PATTERN.test(expires)) return refused('malformed');

    const { purpose, method, key } = presented;
    const grant: FileGrant = { purpose, method, key, expiresAt: new Date(Number(expires)), disposition, contentType };
    const isOurs = [this.keys, ...this.previousKeys].some((keys) => sameText(signature, signatureOf(grant, keys)));
    if (!isOurs) return refused('tampered');
    if (now >= grant.expiresAt.getTime()) return refused('expired');
    return { valid: true, grant };
  }
}

type Keys = Record<FilePurpose, Buffer>;

function keysOf(secret: string | Buffer): Keys {
  return { get: deriveKey(secret, KEY_LABELS.get) };
}

function signatureOf(grant: FileGrant, keys: Keys): string {
  // A JSON array: no value can run into its neighbour.
  const { purpose, method, key, expiresAt, disposition, contentType } = grant;
  const text = JSON.stringify([purpose, method, key, expiresAt.getTime(), disposition, contentType]);
  return createHmac('sha256', keys[purpose]).update(text).digest('base64url');
}

function deriveKey(secret: string | Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', label, KEY_BYTES));
}

/** A parameter given twice could be read differently by two readers, so it counts as none. */
function single(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  return values.length === 1 ? (values[0] ?? null) : null;
}

/**
 * Compared as text, not as decoded bytes: base64 has several spellings of the same bytes. Only the length, which is no
 * secret, can be learned from the time this takes.
 */
function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function refused(reason: 'malformed' | 'tampered' | 'expired'): TokenVerdict {
  return { valid: false, reason };
}
