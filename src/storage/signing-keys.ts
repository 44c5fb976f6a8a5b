import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto';

/**
 * What a signed URL under `/files` allows. Each purpose is signed with its own key, so a token made for one purpose is
 * refused for another.
 */
export type FilePurpose = 'get' | 'put-part';

/** The `info` input of HKDF (RFC 5869, section 3.2). Raise the version when the signed values change. */
const KEY_LABELS: Record<FilePurpose, string> = {
  get: 'lectern file-token get v1',
  'put-part': 'lectern file-token put-part v1',
};

const KEY_BYTES = 32;

type Keys = Record<FilePurpose, KeyObject>;

/** Signs lists of values by HMAC-SHA256, with one key per purpose, derived from the server's secret. */
export class SigningKeys {
  private readonly keys: Keys;
  private readonly previousKeys: readonly Keys[];

  /**
   * @param secret Signs new values.
   * @param previous Secrets used earlier. What was signed with them is accepted.
   */
  constructor(secret: string | Buffer, previous: readonly string[]) {
    this.keys = keysOf(secret);
    this.previousKeys = previous.map(keysOf);
  }

  sign(purpose: FilePurpose, values: readonly unknown[]): string {
    return signatureOf(purpose, values, this.keys);
  }

  isSigned(purpose: FilePurpose, values: readonly unknown[], signature: string): boolean {
    return [this.keys, ...this.previousKeys].some((keys) => sameText(signature, signatureOf(purpose, values, keys)));
  }
}

function keysOf(secret: string | Buffer): Keys {
  const derive = (label: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', label, KEY_BYTES)));
  return { get: derive(KEY_LABELS.get), 'put-part': derive(KEY_LABELS['put-part']) };
}

/** As a JSON array, so that characters cannot move from one value to the next without changing the signed text. */
function signatureOf(purpose: FilePurpose, values: readonly unknown[], keys: Keys): string {
  const text = JSON.stringify([purpose, ...values]);
  return createHmac('sha256', keys[purpose]).update(text).digest('base64url');
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
