import type { S3Client } from '@aws-sdk/client-s3';
import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import { encodeKeyForUrl, percentEncode } from '../object-key.js';
import type { SignedUrl, SignGetOptions } from '../storage.js';

/**
 * Signature Version 4 lets no URL live longer.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
const MAX_LIFETIME_SECONDS = 7 * 24 * 60 * 60;

const MS_PER_SECOND = 1000;

/**
 * Signs a GET of an object as the SDK's `getSignedUrl` does, byte for byte, without its middleware: many times as fast.
 * @param bucketUrl The bucket's address as clients reach it, without a trailing slash.
 */
export async function presignGet(
  client: S3Client,
  bucketUrl: URL,
  key: string,
  { signedAt, expiresAt, disposition, contentType }: SignGetOptions,
): Promise<SignedUrl> {
  const credentials = await client.config.credentials();
  const signed = wholeSeconds(signedAt);
  const asked = wholeSeconds(earlier(expiresAt, credentials.expiration));
  const lifetime = Math.min(asked - signed, MAX_LIFETIME_SECONDS);
  if (lifetime < 1) throw new RangeError('A signed S3 URL must live for a second at least.');

  const { region, sha256 } = client.config;
  // Costs next to nothing to make, and holds the very credentials whose expiry was looked at.
  const presigner = new S3RequestPresigner({ region, sha256, credentials });
  const request = await presigner.presign(
    {
      method: 'GET',
      protocol: bucketUrl.protocol,
      hostname: bucketUrl.hostname,
      ...(bucketUrl.port === '' ? {} : { port: Number(bucketUrl.port) }),
      path: `${pathOf(bucketUrl)}/${encodeKeyForUrl(key)}`,
      query: {
        'response-content-disposition': disposition,
        'response-content-type': contentType,
        'x-id': 'GetObject',
      },
      headers: { host: bucketUrl.host },
    },
    { signingDate: new Date(signed * MS_PER_SECOND), expiresIn: lifetime },
  );
  return {
    url: `${bucketUrl.origin}${request.path}?${queryString(request.query ?? {})}`,
    expiresAt: new Date((signed + lifetime) * MS_PER_SECOND),
  };
}

/** A bucket's address and an object's path, without the slash that `new URL` adds to a bare host. */
export function pathOf(bucketUrl: URL): string {
  return bucketUrl.pathname.replace(/\/$/, '');
}

/** S3 knows whole seconds only. Rounded down at both ends, no URL outlives what was asked. */
function wholeSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / MS_PER_SECOND);
}

/** A URL dies with the temporary credentials that signed it, whatever its own expiry says. */
function earlier(expiresAt: Date, credentialsExpireAt: Date | undefined): Date {
  return credentialsExpireAt !== undefined && credentialsExpireAt < expiresAt ? credentialsExpireAt : expiresAt;
}

/** Sorted, as the SDK writes it. */
function queryString(query: Record<string, string | string[] | null>): string {
  return Object.keys(query)
    .sort()
    .flatMap((name) => [query[name] ?? ''].flat().map((value) => `${percentEncode(name)}=${percentEncode(value)}`))
    .join('&');
}
