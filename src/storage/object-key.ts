/**
 * Object keys: `prefix/ownerId/name`. `src/media` builds them. This file has the rules that every storage relies on, so
 * that a key names the same object on a disk, in a bucket and in a URL.
 */

/** Always three: so on a disk no key is the folder of another key, and listings know how deep to look. */
const SEGMENTS_IN_KEY = 3;

/** Amazon S3: "Object key names", https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;

/** The longest file name (NAME_MAX) on ext4, XFS, APFS and NTFS. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Control characters (including NUL) and lone surrogates are not possible in file names or URLs. A backslash separates
 * folders on Windows and in some proxies. A percent sign would make it matter how often a URL has been decoded.
 */
const FORBIDDEN_CHARACTER = /[\p{Cc}\p{Cs}\\%]/u;

/** A text that is not a valid object key: the caller has a defect, or the URL is an attack. */
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

/**
 * Checks that a key is `prefix/ownerId/name` and safe on every storage.
 * @throws {InvalidObjectKeyError} when it is not.
 */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new InvalidObjectKeyError(key);
}

/** Segments of unreserved characters (RFC 3986, section 2.3), as nearly all keys have them. */
const UNRESERVED = /^[\w.~/-]*$/;

/** The key as a URL path: each segment is percent-encoded, the slashes stay. */
export function encodeKeyForUrl(key: string): string {
  return UNRESERVED.test(key) ? key : key.split('/').map(percentEncode).join('/');
}

/** Percent-encodes all but the unreserved characters of RFC 3986, section 2.3. `encodeURIComponent` skips `!'()*`. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Refuses any leading dot, and with it `.`, `..`, hidden files and the temporary files of the local storage. */
function isSegment(segment: string): boolean {
  return segment !== '' && !segment.startsWith('.') && Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES;
}
