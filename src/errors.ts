/**
 * The catalogue of all errors that clients can get. Codes are part of the API, because programs of clients use them.
 * This file does not depend on GraphQL or an HTTP server.
 */

interface CatalogueEntry {
  /** The HTTP status when the whole request is refused. */
  readonly status: number;
  /** Whether the same request can succeed when it is sent again later. */
  readonly retryable: boolean;
  /** The message for clients when the code that throws gives no other. */
  readonly message: string;
}

export const ERROR_CATALOGUE = {
  BAD_REQUEST: { status: 400, retryable: false, message: 'The request is malformed.' },
  UNAUTHENTICATED: { status: 401, retryable: false, message: 'Sign in: a valid bearer token is needed.' },
  FORBIDDEN: { status: 403, retryable: false, message: 'You may not do this.' },
  NOT_FOUND: { status: 404, retryable: false, message: 'There is nothing here under this id.' },
  BAD_USER_INPUT: { status: 400, retryable: false, message: 'An input value is not acceptable.' },
  CONFLICT: { status: 409, retryable: true, message: 'Someone else changed this meanwhile. Read it again and retry.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, message: 'Files of this type are not accepted here.' },
  FILE_TOO_LARGE: { status: 413, retryable: false, message: 'The file is larger than this place accepts.' },
  EMPTY_FILE: { status: 400, retryable: false, message: 'The file is empty.' },
  TOO_MANY_FILES: { status: 413, retryable: false, message: 'The request carries too many files.' },
  UPLOAD_INCOMPLETE: { status: 400, retryable: true, message: 'The file ended before all of it had arrived.' },
  UPLOAD_EXPIRED: { status: 410, retryable: true, message: 'The upload took too long and was given up.' },
  UPLOAD_LIMIT_REACHED: { status: 429, retryable: true, message: 'You have too many unfinished direct uploads.' },
  CHECKSUM_MISMATCH: { status: 400, retryable: true, message: 'The bytes that arrived are not those announced.' },
  QUERY_TOO_COSTLY: { status: 400, retryable: false, message: 'The query asks for too much at once.' },
  RATE_LIMITED: { status: 429, retryable: true, message: 'Too many requests. Wait before the next one.' },
  STORAGE_UNAVAILABLE: { status: 503, retryable: true, message: 'The file storage does not answer. Nothing was done.' },
  DATABASE_UNAVAILABLE: { status: 503, retryable: true, message: 'The database does not answer.' },
  SERVICE_UNAVAILABLE: { status: 503, retryable: true, message: 'The server is stopping. Try again.' },
  INTERNAL_SERVER_ERROR: { status: 500, retryable: false, message: 'The server made a mistake. It has been logged.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface ErrorDetails {
  /** The arguments that the error is about, as dotted paths (`input.title`). */
  readonly fields?: readonly string[];
  /** The underlying error. It is logged, but never sent to a client. */
  readonly cause?: unknown;
  /** The HTTP status, if HTTP has a more specific one than the code's. */
  readonly status?: number;
}

/** An error for clients: it has a code of the catalogue, and its message is sent to the client. */
export class LecternError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly string[] | undefined;
  /** The HTTP status when the whole request is refused. */
  readonly status: number;

  constructor(code: ErrorCode, message: string = ERROR_CATALOGUE[code].message, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'LecternError';
    this.code = code;
    this.fields = details.fields;
    this.status = details.status ?? ERROR_CATALOGUE[code].status;
  }

  get retryable(): boolean {
    return ERROR_CATALOGUE[this.code].retryable;
  }
}
