import { LecternError } from '../../errors.js';

/**
 * Refusals of the server as such, not of what it asked for: an operator repairs them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const REFUSALS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'NoSuchBucket',
  'PermanentRedirect',
  'QuotaExceeded',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'SlowDown',
  'TokenRefreshRequired',
]);

/** 301: the bucket is in another region. 401, 403: also what answers HEAD, which has no body to carry a code. */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([301, 401, 403, 408, 429]);

/** What the SDK throws before or instead of an answer. */
const SDK_FAULTS: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TimeoutError', 'TokenProviderError']);

const NETWORK_CODES: ReadonlySet<string> = new Set([
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
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
]);

/** Certificates that are not trusted, TLS that cannot be agreed on, answers that are no HTTP. */
const PROTOCOL_CODE = /^(CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|HPE_|SELF_SIGNED_|UNABLE_TO_)/;

/** STORAGE_UNAVAILABLE for what the store or the way to it is to blame for; every other error as it came. */
export function translateS3Error(error: unknown): unknown {
  return isUnavailable(error) ? storageUnavailable(error) : error;
}

export function storageUnavailable(cause: unknown): LecternError {
  return new LecternError('STORAGE_UNAVAILABLE', undefined, { cause });
}

/** There is no such object. Says nothing of the bucket when the request was a HEAD. */
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
  if (status !== undefined) return status >= 500 || REFUSING_STATUSES.has(status);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK_CODES.has(code) || PROTOCOL_CODE.test(code);
}

/** The HTTP status, where there was an answer: the SDK keeps it in `$metadata`. */
function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const metadata = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}
