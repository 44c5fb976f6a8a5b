import mongoose from 'mongoose';
import { LecternError } from '../errors.js';

const { mongo } = mongoose;

/** MongoDB's error code for an `_id`, or a key of a unique index, that exists already. */
const DUPLICATE_KEY = 11000;

/**
 * Server errors with which the database is unavailable. Some pass: not primary, stepping down, shutting down,
 * interrupted, timed out, overloaded, a write that too few members acknowledged. An operator has to fix others: missing
 * rights, a full disk.
 * Source: MongoDB's error code list, categories NotPrimaryError, ShutdownError, InterruptedError and NetworkError.
 * https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
 */
const UNAVAILABLE_SERVER_CODES: ReadonlySet<number> = new Set([
  ...[6, 7, 13, 18, 24, 50, 64, 89, 91, 133, 134, 189, 202, 262, 279, 317, 462],
  ...[9001, 10058, 10107, 11600, 11601, 11602, 13435, 13436, 14031],
]);

/**
 * Socket errors, by Node's code and system call. The driver wraps most of them, but not those that occur while it writes
 * a command (Connection.writeCommand). Storages translate their own errors.
 */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  ...['ECONNRESET', 'ECONNABORTED', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'],
  ...['ENETDOWN', 'ENETUNREACH', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENOTCONN'],
]);
const SOCKET_CALLS: ReadonlySet<unknown> = new Set(['connect', 'read', 'write']);

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Whether an error means that the `_id` of a document exists already, and not a key of another unique index. When the
 * server does not name the index (`keyPattern` is absent before MongoDB 4.4), the `_id` is assumed.
 */
export function isTakenId(error: unknown): boolean {
  if (!isDuplicateKey(error)) return false;
  const { keyPattern } = error as { readonly keyPattern?: object };
  return keyPattern === undefined || '_id' in keyPattern;
}

function isSocketError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return SOCKET_CODES.has(code) && SOCKET_CALLS.has(syscall);
}

function isUnavailable(error: unknown): boolean {
  // The driver wraps an error during a batch of writes, and stores it as the "response".
  if (error instanceof mongo.MongoBulkWriteError) {
    const wrapped: unknown = error.errorResponse;
    if (wrapped instanceof Error) return isUnavailable(wrapped);
  }
  if (error instanceof mongo.MongoServerError) return UNAVAILABLE_SERVER_CODES.has(Number(error.code));
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoServerClosedError ||
    error instanceof mongo.MongoClientClosedError ||
    error instanceof mongo.MongoOperationTimeoutError ||
    isSocketError(error) ||
    error instanceof mongoose.Error.MongooseServerSelectionError
  );
}

/**
 * Translates a database error for clients: an existing key is CONFLICT, an unavailable server is DATABASE_UNAVAILABLE.
 * Returns undefined for all other errors, so that bugs of Lectern stay visible.
 */
export function recogniseDatabaseError(error: unknown): LecternError | undefined {
  if (isDuplicateKey(error)) return new LecternError('CONFLICT', undefined, { cause: error });
  if (isUnavailable(error)) return new LecternError('DATABASE_UNAVAILABLE', undefined, { cause: error });
  return undefined;
}
