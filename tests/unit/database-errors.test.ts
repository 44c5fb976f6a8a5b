import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import { recogniseDatabaseError } from '../../src/database/database-errors.js';

const { mongo } = mongoose;

const answered = (code: number, codeName: string) => new mongo.MongoServerError({ ok: 0, code, codeName });

/** An error as Node makes it, with a code and a system call. */
function socketError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** The driver's wrapper of an error that interrupts a batch of writes. */
function bulk(error: Error): Error {
  return new mongo.MongoBulkWriteError(error, {} as never);
}

describe('recogniseDatabaseError', () => {
  it.each([
    ['a broken connection', new mongo.MongoNetworkError('connection 1 closed')],
    ['a connection that times out', new mongo.MongoNetworkTimeoutError('connection 1 timed out')],
    ['an operation that takes too long', new mongo.MongoOperationTimeoutError('Timed out')],
    ['a closed client', new mongo.MongoNotConnectedError('Client must be connected')],
    ['a server that is shutting down', answered(91, 'ShutdownInProgress')],
    ['a primary that was replaced', answered(10107, 'NotWritablePrimary')],
    ['an interrupted operation', answered(11601, 'Interrupted')],
    ['an operation that exceeds its time limit', answered(50, 'MaxTimeMSExpired')],
    ['a write that too few members confirm', answered(64, 'WriteConcernTimeout')],
    ['a full disk of the server', answered(14031, 'OutOfDiskSpace')],
    ['a password that is no longer valid', answered(18, 'AuthenticationFailed')],
    ['a batch of writes on a broken connection', bulk(new mongo.MongoNetworkError('connection 1 closed'))],
    ['a batch of writes whose socket is reset', bulk(socketError('ECONNRESET', 'write'))],
    ['a batch of writes to a server that is shutting down', bulk(answered(91, 'ShutdownInProgress'))],
    ['a socket that breaks while a command is written', socketError('ECONNRESET', 'write')],
    ['a socket that the server closed', socketError('EPIPE', 'write')],
    ['a socket that is reset before the reply', socketError('ECONNRESET', 'read')],
  ])('returns DATABASE_UNAVAILABLE with the cause: %s', (_what, error) => {
    expect(recogniseDatabaseError(error)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', cause: error });
  });

  it('returns CONFLICT with the cause for a duplicate key', () => {
    const error = answered(11000, 'DuplicateKey');
    expect(recogniseDatabaseError(error)).toMatchObject({ code: 'CONFLICT', cause: error });
  });

  it.each([
    ['a query that the server rejects', answered(2, 'BadValue')],
    ['a document that is too large', answered(10334, 'BSONObjectTooLarge')],
    ['an invalid argument of our own', new mongo.MongoInvalidArgumentError('wrong')],
    ['a document that fails its validation', new mongoose.Error.ValidationError()],
    ['an HTTP client that disconnects', Object.assign(new Error('aborted'), { code: 'ECONNRESET' })],
    ['a full disk of this machine', socketError('ENOSPC', 'write')],
    ['a missing file', socketError('ENOENT', 'open')],
    ['a batch of writes that the server rejects', bulk(answered(2, 'BadValue'))],
    ['any other error', new TypeError('undefined is not a function')],
  ])('does not recognise %s', (_what, error) => {
    expect(recogniseDatabaseError(error)).toBeUndefined();
  });
});
