import { partQuery, readPartQuery, type PartGrant, type PresentedPart } from './part-token.js';
import { SigningKeys, type FilePurpose } from './signing-keys.js';
import { EXPIRY_PATTERN, single } from './token-query.js';

export type { PartGrant, PresentedPart } from './part-token.js';

/** What a token allows. The signature covers every field. */
export interface FileGrant {
  readonly purpose: Extract<FilePurpose, 'get'>;
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
  readonly purpose: FileGrant['purpose'];
  readonly method: 'GET';
  readonly key: string;
  readonly query: URLSearchParams;
}

/** `reason` is for logs only: the client gets the same 403 response for every refused token. */
export type TokenVerdict<Grant = FileGrant> = { readonly valid: true; readonly grant: Grant } | Refusal;

interface Refusal {
  readonly valid: false;
  readonly reason: 'malformed' | 'tampered' | 'expired';
}

/**
 * Signs and verifies URLs under `/files` by HMAC-SHA256, with one key per purpose, derived from the server's secret.
 */
export class FileTokens {
  private readonly keys: SigningKeys;

  /**
   * @param secret Signs new URLs. In production `config.ts` requires at least 32 bytes.
   * @param previous Secrets used earlier. URLs signed with them are accepted until they expire.
   */
  constructor(secret: string | Buffer, previous: readonly string[] = []) {
    this.keys = new SigningKeys(secret, previous);
  }

  /** Returns the query of a signed URL. Equal grants give equal queries, so that caches recognise the URL. */
  sign(grant: FileGrant): URLSearchParams {
    const expires = String(grant.expiresAt.getTime());
    if (!EXPIRY_PATTERN.test(expires)) throw new RangeError('A file token must expire after the start of 1970.');
    return new URLSearchParams({
      expires,
      disposition: grant.disposition,
      type: grant.contentType,
      signature: this.keys.sign(grant.purpose, valuesOf(grant)),
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
    if (!this.keys.isSigned(purpose, valuesOf(grant), signature)) return refused('tampered');
    return unlessExpired(grant, now);
  }

  /** The query of a URL that one part of a direct upload is sent to. */
  signPart(grant: PartGrant): URLSearchParams {
    const { query, values } = partQuery(grant);
    query.set('signature', this.keys.sign('put-part', values));
    return query;
  }

  /** As `verify`, for such a URL. */
  verifyPart(presented: PresentedPart, now: number = Date.now()): TokenVerdict<PartGrant> {
    const signature = single(presented.query, 'signature');
    const grant = readPartQuery(presented);
    if (grant === null || signature === null) return refused('malformed');
    if (!this.keys.isSigned('put-part', partQuery(grant).values, signature)) return refused('tampered');
    return unlessExpired(grant, now);
  }
}

function valuesOf({ method, key, expiresAt, disposition, contentType }: FileGrant): readonly unknown[] {
  return [method, key, expiresAt.getTime(), disposition, contentType];
}

function unlessExpired<Grant extends { readonly expiresAt: Date }>(grant: Grant, now: number): TokenVerdict<Grant> {
  return now >= grant.expiresAt.getTime() ? refused('expired') : { valid: true, grant };
}

function refused(reason: Refusal['reason']): Refusal {
  return { valid: false, reason };
}
