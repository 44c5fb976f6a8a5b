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

/** 301: the bucket is in another region. 401, 403: also what answers HEAD, which has no body to carry a code. */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([301, 401, 403, 408, 429]);

/**
 * What the SDK calls a refusal without a code of S3's: the page of a proxy in between, or the answer to a HEAD, which has
 * no body to carry a code. Whether a 404 to a HEAD means that there is no such object is asked before (`isNotFound`).
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

/** What the SDK throws before or instead of an answer. */
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

/** Certificates that are not trusted, TLS that cannot be agreed on, answers that are no HTTP. */
const PROTOCOL_CODE = /^(CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|HPE_|SELF_SIGNED_|UNABLE_TO_)/;

/** STORAGE_UNAVAILABLE for what the store or the way to it is to blame for; every other error as it came. */
export function translateS3Error(error: unknown): unknown {
  return isUnavailable(error) ? storageUnavailable(error) : error;
}

export function storageUnavailable(cause: unknown): LecternError {
  return new LecternError('STORAGE_UNAVAILABLE', undefined, { cause });
}

/** The answer to a HEAD: there is no such object, or no such bucket. */
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
  // An error although the status is no refusal: a body that is no XML, or a redirection, which the SDK does not follow.
  if (status !== undefined) {
    return status < 400 || status >= 500 || REFUSING_STATUSES.has(status) || NO_S3_ANSWER.has(error.name);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK_CODES.has(code) || PROTOCOL_CODE.test(code);
}

/** The HTTP status, where there was an answer: the SDK keeps it in `$metadata`. */
export function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const metadata = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}
