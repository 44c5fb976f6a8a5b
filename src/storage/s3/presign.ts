import { createHash, createHmac } from 'node:crypto';
import type { MaybePromise } from '../../maybe-promise.js';
import type { DirectUpload, PartToSign, SignedPart } from '../direct-uploads.js';
import { encodeKeyForUrl, percentEncode } from '../object-key.js';
import type { SignedUrl, SignGetOptions } from '../storage.js';
import type { S3Credentials } from './clients.js';
import { storageUnavailable } from './s3-errors.js';

/**
 * The longest lifetime of a URL that Signature Version 4 allows.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
const MAX_LIFETIME_SECONDS = 7 * 24 * 60 * 60;

/**
 * How long credentials are reused before the provider is asked again, in milliseconds. The SDK renews them minutes
 * early.
 */
const CREDENTIALS_HELD_MS = 1_000;

/** How many signing keys are cached: for yesterday and today, each with the credentials before and after a renewal. */
const REMEMBERED_DAY_KEYS = 8;

const MS_PER_SECOND = 1_000;
const ALGORITHM = 'AWS4-HMAC-SHA256';

export interface PresignerOptions {
  readonly credentials: () => Promise<S3Credentials>;
  readonly region: string;
  /** The bucket's URL as clients reach it. */
  readonly bucketUrl: URL;
  /** Returns the time, in milliseconds since 1970. Absent: `Date.now`. */
  readonly now?: () => number;
}

interface HeldCredentials {
  /** In milliseconds since 1970. */
  readonly until: number;
  /** A promise until they are there; then themselves, so that a URL is signed without one. */
  credentials: MaybePromise<S3Credentials>;
}

/** What a signature covers, beside the bucket and the time. */
interface RequestToSign {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  /** Parameters in the order of their names, none of which begins with `X-Amz-`. */
  readonly query: Readonly<Record<string, string>>;
  /** Headers that the request must have, in lower case and in the order of their names, all before `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Signs URLs that read an object or write a part of one. The URLs equal those of the SDK's `getSignedUrl` byte for byte,
 * at a fraction of the cost: the signing key is computed once a day, and the credentials are reused for a second.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export class Presigner {
  private readonly base: string;
  private readonly now: () => number;
  private readonly dayKeys = new Map<string, Buffer>();
  private held: HeldCredentials | undefined;

  constructor(private readonly options: PresignerOptions) {
    this.base = pathOf(options.bucketUrl);
    this.now = options.now ?? Date.now;
  }

  /**
   * Signs a URL that expires after seven days, or together with temporary credentials, if that is earlier than asked.
   * Returns a promise when credentials have to be fetched first. It rejects with STORAGE_UNAVAILABLE when there are none.
   * Throws a RangeError when the lifetime would be less than a second.
   */
  signGet(key: string, { signedAt, expiresAt, disposition, contentType }: SignGetOptions): MaybePromise<SignedUrl> {
    const query = {
      'response-content-disposition': disposition,
      'response-content-type': contentType,
      'x-id': 'GetObject',
    };
    return this.sign({ method: 'GET', key, query, headers: {}, signedAt, expiresAt });
  }

  /**
   * Signs a request that writes one part: exactly `size` bytes and, when given, one MD5. Valid from now; expires and
   * rejects as `signGet` does.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
   */
  async signPart(
    { key, uploadId }: Pick<DirectUpload, 'key' | 'uploadId'>,
    { number, size, md5 }: PartToSign,
    expiresAt: Date,
  ): Promise<SignedPart> {
    const toSet = md5 === undefined ? {} : { 'content-md5': md5 };
    const headers = { 'content-length': String(size), ...toSet };
    const query = { partNumber: String(number), uploadId, 'x-id': 'UploadPart' };
    const signedAt = new Date(this.now());
    const signed = await this.sign({ method: 'PUT', key, query, headers, signedAt, expiresAt });
    return { method: 'PUT', ...signed, headers: Object.entries(toSet).map(([name, value]) => ({ name, value })) };
  }

  private sign(request: RequestToSign): MaybePromise<SignedUrl> {
    const credentials = this.credentials();
    if (!(credentials instanceof Promise)) return this.signWith(credentials, request);
    return credentials.then((fetched) => this.signWith(fetched, request));
  }

  private signWith(credentials: S3Credentials, request: RequestToSign): SignedUrl {
    const signedAt = wholeSeconds(request.signedAt);
    const asked = wholeSeconds(earlier(request.expiresAt, credentials.expiration));
    const lifetime = Math.min(asked - signedAt, MAX_LIFETIME_SECONDS);
    if (lifetime < 1) throw new RangeError('A signed S3 URL must be valid for at least one second.');

    const time = new Date(signedAt * MS_PER_SECOND).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = time.slice(0, 8);
    const scope = `${day}/${this.options.region}/s3/aws4_request`;
    const { sessionToken = '' } = credentials;
    const { bucketUrl } = this.options;
    const headers = { ...request.headers, host: bucketUrl.host };
    const headerNames = Object.keys(headers).join(';');
    // In the order of the canonical query string. `X-Amz-Signature` stands between `before` and `after`.
    const before = [
      `X-Amz-Algorithm=${ALGORITHM}`,
      'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD',
      `X-Amz-Credential=${percentEncode(`${credentials.accessKeyId}/${scope}`)}`,
      `X-Amz-Date=${time}`,
      `X-Amz-Expires=${lifetime}`,
      ...(sessionToken === '' ? [] : [`X-Amz-Security-Token=${percentEncode(sessionToken)}`]),
    ].join('&');
    const after = [
      `X-Amz-SignedHeaders=${percentEncode(headerNames)}`,
      ...Object.entries(request.query).map(([name, value]) => `${name}=${percentEncode(value)}`),
    ].join('&');

    const path = `${this.base}/${encodeKeyForUrl(request.key)}`;
    const headerLines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    const canonicalRequest = [
      request.method,
      path,
      `${before}&${after}`,
      headerLines.join(''),
      headerNames,
      'UNSIGNED-PAYLOAD',
    ].join('\n');
    const digest = createHash('sha256').update(canonicalRequest).digest('hex');
    const signature = createHmac('sha256', this.dayKey(credentials, day))
      .update(`${ALGORITHM}\n${time}\n${scope}\n${digest}`)
      .digest('hex');
    return {
      url: `${bucketUrl.origin}${path}?${before}&X-Amz-Signature=${signature}&${after}`,
      expiresAt: new Date((signedAt + lifetime) * MS_PER_SECOND),
    };
  }

  private credentials(): MaybePromise<S3Credentials> {
    const now = this.now();
    if (this.held !== undefined && now < this.held.until) return this.held.credentials;
    const fetching = this.fetchCredentials();
    const held: HeldCredentials = { until: now + CREDENTIALS_HELD_MS, credentials: fetching };
    this.held = held;
    void fetching.then(
      (credentials) => {
        held.credentials = credentials;
      },
      () => {
        if (this.held === held) this.held = undefined;
      },
    );
    return fetching;
  }

  private async fetchCredentials(): Promise<S3Credentials> {
    try {
      return await this.options.credentials();
    } catch (error) {
      throw storageUnavailable(error);
    }
  }

  /**
   * The signing key of a day, cached.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, "signing key"
   */
  private dayKey({ accessKeyId, secretAccessKey }: S3Credentials, day: string): Buffer {
    const name = JSON.stringify([accessKeyId, secretAccessKey, day]);
    const known = this.dayKeys.get(name);
    if (known !== undefined) return known;
    const parts = [day, this.options.region, 's3', 'aws4_request'];
    const key = parts.reduce(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`AWS4${secretAccessKey}`),
    );
    const [oldest] = this.dayKeys.keys();
    if (this.dayKeys.size >= REMEMBERED_DAY_KEYS && oldest !== undefined) this.dayKeys.delete(oldest);
    this.dayKeys.set(name, key);
    return key;
  }
}

/** The path of a bucket's address, without the slash that `new URL` adds to a bare host. */
export function pathOf(bucketUrl: URL): string {
  return bucketUrl.pathname.replace(/\/$/, '');
}

/** Signature Version 4 has whole seconds. Rounding down makes no URL valid for longer than asked. */
function wholeSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / MS_PER_SECOND);
}

/** Returns the earlier expiry: a URL stops working when the temporary credentials that signed it expire. */
function earlier(expiresAt: Date, credentialsExpireAt: Date | undefined): Date {
  return credentialsExpireAt !== undefined && credentialsExpireAt < expiresAt ? credentialsExpireAt : expiresAt;
}
