import mongoose from 'mongoose';
import { LecternError } from '../errors.js';

const { mongo } = mongoose;

/** MongoDB's code for a unique index or `_id` that is taken. */
const DUPLICATE_KEY = 11000;

/**
 * Server errors that say "not now": not primary, stepping down, shutting down, interrupted, out of time, overloaded, a
 * write that too few members confirmed; and those that an operator repairs: no rights, no room on the disk.
 * Source: MongoDB's error code list, categories NotPrimaryError, ShutdownError, InterruptedError and NetworkError.
 * https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
 */
const PASSING_SERVER_CODES: ReadonlySet<number> = new Set([
  ...[6, 7, 13, 18, 24, 50, 64, 89, 91, 133, 134, 189, 202, 262, 279, 317, 462],
  ...[9001, 10058, 10107, 11600, 11601, 11602, 13435, 13436, 14031],
]);

/**
 * Errors of a socket, by Node's code and system call. The driver wraps most of them; one that breaks a connection while a
 * command is being written comes out as it is (Connection.writeCommand). Storages translate theirs themselves.
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
 * Whether the `_id` of a document was taken, and not a key of another unique index. A server that does not say which
 * index it was (`keyPattern` is absent before MongoDB 4.4) is taken to mean the `_id`.
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
  // The driver wraps what breaks a batch of writes, and keeps it as the "response".
  if (error instanceof mongo.MongoBulkWriteError) {
    const wrapped: unknown = error.errorResponse;
    if (wrapped instanceof Error) return isUnavailable(wrapped);
  }
  if (error instanceof mongo.MongoServerError) return PASSING_SERVER_CODES.has(Number(error.code));
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
 * What a database error means to a client: a taken key is CONFLICT, a server that does not answer is
 * DATABASE_UNAVAILABLE. Anything else is not recognised and stays what it is, so that defects of ours remain visible.
 */
export function recogniseDatabaseError(error: unknown): LecternError | undefined {
  if (isDuplicateKey(error)) return new LecternError('CONFLICT', undefined, { cause: error });
  if (isUnavailable(error)) return new LecternError('DATABASE_UNAVAILABLE', undefined, { cause: error });
  return undefined;
}
