/**
 * The names objects are stored under: `prefix/ownerId/name`. Building them is media's business; here is only what any
 * storage must be able to rely on, so that one key means one object on a disk, in a bucket and in a URL alike.
 */

/** Three segments exactly: on a disk no key can then be the folder of another, and every listing has a known depth. */
const SEGMENTS_IN_KEY = 3;

/** Amazon S3: "Object key names", https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;

/** NAME_MAX of ext4, XFS, APFS and NTFS. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Control characters (NUL among them) and lone surrogates cannot be a file name or a URL. A backslash is a separator on
 * Windows and to some proxies. With a percent sign, a key decoded once and a key decoded twice could both be valid.
 */
const FORBIDDEN_CHARACTER = /[\p{Cc}\p{Cs}\\%]/u;

/** A key that no storage would accept: a defect of the caller, or a hostile URL. */
export class InvalidObjectKeyError extends Error {
  constructor(key: string) {
    super(`Not an object key: ${JSON.stringify(key)}.`);
    this.name = 'InvalidObjectKeyError';
  }
}

export function isObjectKey(key: string): boolean {
  if (FORBIDDEN_CHARACTER.test(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) return false;
  const segments = key.split('/');
  return segments.length === SEGMENTS_IN_KEY && segments.every(isSegment);
}

/** Throws InvalidObjectKeyError unless the key is `prefix/ownerId/name` and safe on every storage. */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new InvalidObjectKeyError(key);
}

/** The key as a URL path: percent-encoded, its slashes kept. */
export function encodeKeyForUrl(key: string): string {
  return key.split('/').map(percentEncode).join('/');
}

/** Percent-encodes all but the unreserved characters of RFC 3986: also `!'()*`, which encodeURIComponent leaves. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A leading dot is refused as a whole: `.`, `..`, hidden files, and the temporary names of the local storage. */
function isSegment(segment: string): boolean {
  return segment !== '' && !segment.startsWith('.') && Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES;
}
