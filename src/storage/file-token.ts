import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/**
 * What a signed URL under `/files` allows. Each purpose is signed with its own key, so a token made for one purpose is
 * refused for another.
 */
export type FilePurpose = 'get';

/** What a token allows. The signature covers every field. */
export interface FileGrant {
  readonly purpose: FilePurpose;
  /** The HTTP method. A GET token also answers HEAD. */
  readonly method: 'GET';
  readonly key: string;
  /** Precise to the millisecond. */
  readonly expiresAt: Date;
  /** The whole Content-Disposition header that the file is served with. */
  readonly disposition: string;
  readonly contentType: string;
}

/** The token of a request. Purpose, method and key come from the request's method and path, the rest from its query. */
export interface PresentedToken {
  readonly purpose: FilePurpose;
  readonly method: 'GET';
  readonly key: string;
  readonly query: URLSearchParams;
}

/** `reason` is for logs only: the client gets the same 403 response for every refused token. */
export type TokenVerdict =
  | { readonly valid: true; readonly grant: FileGrant }
  | { readonly valid: false; readonly reason: 'malformed' | 'tampered' | 'expired' };

/**
 * The `info` input of HKDF (RFC 5869, section 3.2). Raise the version when the signed text in `signatureOf` changes.
 */
const KEY_LABELS: Record<FilePurpose, string> = { get: 'lectern file-token get v1' };

const KEY_BYTES = 32;

/** Milliseconds since 1970, in decimal: at most 15 digits (the year 33658), which a double represents exactly. */
const EXPIRY_PATTERN = /^[1-9][0-9]{0,14}$/;

/**
 * Signs and verifies URLs under `/files` by HMAC-SHA256, with one key per purpose, derived from the server's secret.
 */
export class FileTokens {
  private readonly keys: Keys;
  private readonly previousKeys: readonly Keys[];

  /**
   * @param secret Signs new URLs. In production `config.ts` requires at least 32 bytes.
   * @param previous Secrets used earlier. URLs signed with them are accepted until they expire.
   */
  constructor(secret: string | Buffer, previous: readonly string[] = []) {
    this.keys = keysOf(secret);
    this.previousKeys = previous.map(keysOf);
  }

  /** Returns the query of a signed URL. Equal grants give equal queries, so that caches recognise the URL. */
  sign(grant: FileGrant): URLSearchParams {
    const expires = String(grant.expiresAt.getTime());
    if (!EXPIRY_PATTERN.test(expires)) throw new RangeError('A file token must expire after the start of 1970.');
    return new URLSearchParams({
      expires,
      disposition: grant.disposition,
      type: grant.contentType,
      signature: signatureOf(grant, this.keys),
    });
  }

  /**
   * Verifies a request's token. Never throws, whatever the query contains.
   * @param now Milliseconds since 1970. The token is valid while `now < expiresAt`.
   */
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
  // As a JSON array, so that characters cannot move from one value to the next without changing the signed text.
  const { purpose, method, key, expiresAt, disposition, contentType } = grant;
  const text = JSON.stringify([purpose, method, key, expiresAt.getTime(), disposition, contentType]);
  return createHmac('sha256', keys[purpose]).update(text).digest('base64url');
}

function deriveKey(secret: string | Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', label, KEY_BYTES));
}

/**
 * The value of a parameter. Returns null when it is absent, or given more than once: the server and a proxy in front of
 * it could pick different values.
 */
function single(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  return values.length === 1 ? (values[0] ?? null) : null;
}

/**
 * Compares two signatures as text, not as decoded bytes, because several base64 texts decode to the same bytes. The
 * time this takes reveals nothing but the length, which is not secret.
 */
function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function refused(reason: 'malformed' | 'tampered' | 'expired'): TokenVerdict {
  return { valid: false, reason };
}
