import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import { recogniseDatabaseError } from '../../src/database/database-errors.js';

const { mongo } = mongoose;

const answered = (code: number, codeName: string) => new mongo.MongoServerError({ ok: 0, code, codeName });

/** As Node makes them: code and system call. */
function socketError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** As the driver wraps what breaks a batch of writes. */
function bulk(error: Error): Error {
  return new mongo.MongoBulkWriteError(error, {} as never);
}

describe('an error of the database', () => {
  it.each([
    ['a connection that breaks', new mongo.MongoNetworkError('connection 1 closed')],
    ['a connection that is silent', new mongo.MongoNetworkTimeoutError('connection 1 timed out')],
    ['an operation that takes too long', new mongo.MongoOperationTimeoutError('Timed out')],
    ['a client that was closed', new mongo.MongoNotConnectedError('Client must be connected')],
    ['a server that shuts down', answered(91, 'ShutdownInProgress')],
    ['a primary that is one no longer', answered(10107, 'NotWritablePrimary')],
    ['an operation that was ended', answered(11601, 'Interrupted')],
    ['an operation that ran out of time', answered(50, 'MaxTimeMSExpired')],
    ['a write that too few members confirmed', answered(64, 'WriteConcernTimeout')],
    ['no room on the disk', answered(14031, 'OutOfDiskSpace')],
    ['a password that is no longer right', answered(18, 'AuthenticationFailed')],
    ['a batch of writes whose connection breaks', bulk(new mongo.MongoNetworkError('connection 1 closed'))],
    ['a batch of writes that meets no server', bulk(socketError('ECONNRESET', 'write'))],
    ['a batch of writes whose server shuts down', bulk(answered(91, 'ShutdownInProgress'))],
    ['a socket that breaks while a command is written', socketError('ECONNRESET', 'write')],
    ['a socket that the server has closed', socketError('EPIPE', 'write')],
    ['a socket that is reset before the reply', socketError('ECONNRESET', 'read')],
  ])('is DATABASE_UNAVAILABLE, with its cause: %s', (_what, error) => {
    expect(recogniseDatabaseError(error)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', cause: error });
  });

  it('is CONFLICT for a taken key, with its cause', () => {
    const error = answered(11000, 'DuplicateKey');
    expect(recogniseDatabaseError(error)).toMatchObject({ code: 'CONFLICT', cause: error });
  });

  it.each([
    ['a query that the server refuses', answered(2, 'BadValue')],
    ['a document that is too large', answered(10334, 'BSONObjectTooLarge')],
    ['a wrong argument of ours', new mongo.MongoInvalidArgumentError('wrong')],
    ['a document that its model refuses', new mongoose.Error.ValidationError()],
    ['a client of ours that went away', Object.assign(new Error('aborted'), { code: 'ECONNRESET' })],
    ['a disk that is full', socketError('ENOSPC', 'write')],
    ['a file that is not there', socketError('ENOENT', 'open')],
    ['a batch of writes that the server refuses', bulk(answered(2, 'BadValue'))],
    ['anything else', new TypeError('undefined is not a function')],
  ])('stays what it is: %s', (_what, error) => {
    expect(recogniseDatabaseError(error)).toBeUndefined();
  });
});
