import { LecternError } from '../../errors.js';

/**
 * Error codes with which the store refuses this server whatever it asks for. An operator can repair each of them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const REFUSALS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'ExpiredTokenException',
  'IDPCommunicationError',
  'IDPRejectedClaim',
  'InvalidAccessKeyId',
  'InvalidIdentityToken',
  'InvalidRegion',
  'InvalidToken',
  'NoSuchBucket',
  'OperationAborted',
  'PermanentRedirect',
  'QuotaExceeded',
  'RegionDisabledException',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'SlowDown',
  'TokenRefreshRequired',
]);

/**
 * Statuses that count as a refusal without a code too: the response to a HEAD has no body for one. 301 means that the
 * bucket is in another region.
 */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([301, 401, 403, 408, 429]);

/**
 * Names that the SDK gives to errors without an S3 error code: a page sent by a proxy, or the response to a HEAD, which
 * has no body. Callers first check with `isNotFound` whether a 404 means that there is no such object.
 */
const NO_S3_ANSWER: ReadonlySet<string> = new Set([
  '400',
  'BadRequest',
  'Error',
  'MethodNotAllowed',
  'NotFound',
  'SyntaxError',
  'Unknown',
  'UnknownError',
]);

/** Errors of the SDK when there was no response. */
const SDK_FAULTS: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TimeoutError', 'TokenProviderError']);

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'EACCES', // a firewall
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOTCONN',
  'ENOTFOUND',
  'EPERM',
  'EPIPE',
  'EPROTO',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

/** Codes of Node.js for untrusted certificates, failed TLS handshakes, and responses that are not HTTP. */
const PROTOCOL_CODE = /^(CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|HPE_|SELF_SIGNED_|UNABLE_TO_)/;

/** Returns STORAGE_UNAVAILABLE when the store or the network is the cause, and every other error unchanged. */
export function translateS3Error(error: unknown): unknown {
  return isUnavailable(error) ? storageUnavailable(error) : error;
}

export function storageUnavailable(cause: unknown): LecternError {
  return new LecternError('STORAGE_UNAVAILABLE', undefined, { cause });
}

/**
 * Returns true when the response to a HEAD says that there is no such object (or no such bucket: it looks the same).
 */
export function isNotFound(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'NoSuchBucket') return false;
  return error.name === 'NoSuchKey' || error.name === 'NotFound' || statusOf(error) === 404;
}

export function hasName(error: unknown, names: ReadonlySet<string>): boolean {
  return error instanceof Error && names.has(error.name);
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (REFUSALS.has(error.name) || SDK_FAULTS.has(error.name)) return true;
  const status = statusOf(error);
  // The SDK also throws at statuses below 400: for a body that is not XML, and for redirections, which it does not
  // follow.
  if (status !== undefined) {
    return status < 400 || status >= 500 || REFUSING_STATUSES.has(status) || NO_S3_ANSWER.has(error.name);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK_CODES.has(code) || PROTOCOL_CODE.test(code);
}

/** The HTTP status, which the SDK keeps in `$metadata`. Returns undefined when there was no response. */
export function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const metadata = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}
