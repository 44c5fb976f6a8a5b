import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { PutObjectCommandOutput, S3Client, UploadPartCommandOutput } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { randomUUID } from 'node:crypto';
import { addAbortSignal, PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { partSizeOf } from '../part-size.js';
import { completeUpload, UPLOAD_TOKEN } from './complete-upload.js';
import type { PutQueue } from './put-queue.js';
import { storageUnavailable, translateS3Error } from './s3-errors.js';

/**
 * How many parts are sent at once. One upload holds at most four parts in memory: two being sent, one being collected,
 * and the copy that joins its pieces. That is 32 MiB, plus garbage, for objects of up to 78 GiB.
 */
const PARTS_IN_FLIGHT = 2;

/** How many bytes are read ahead of the part that is being collected. */
const FEED_BUFFER_BYTES = 64 * 1024;

export interface ObjectToUpload {
  readonly bucket: string;
  readonly key: string;
  readonly body: Readable;
  readonly contentType: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** The turns of all uploads to this store. */
  readonly queue: PutQueue;
  /**
   * After the store has failed: how long requests in flight may take to end, and how long the request that aborts the
   * upload or deletes the object may take. In milliseconds.
   */
  readonly giveUpMs: number;
}

/**
 * Stores a stream of unknown length: by one PUT if it fits into one part, otherwise by a multipart upload.
 * Rejects with whatever went wrong first: the signal's reason, the body's own error, or the store's error (translated).
 *
 * When `signal` aborts, it stops reading the body and waits for the requests in flight, at most 16 s. `Upload.abort()`
 * of the SDK does not wait: a part or the object could appear after it had rejected, and nothing would remove it.
 */
export async function uploadObject(client: S3Client, object: ObjectToUpload): Promise<void> {
  const { bucket, key, body, contentType, maxBytes, signal, giveUpMs } = object;
  const storeFailed = new AbortController();
  const stop = AbortSignal.any([signal, storeFailed.signal]);
  // `feed` ends as soon as `stop` aborts. The body itself may be waiting for its client and not end when it is
  // destroyed.
  const feed = addAbortSignal(stop, new PassThrough({ highWaterMark: FEED_BUFFER_BYTES }));
  const token = randomUUID();
  const upload = new Upload({
    client: failFast(client, { object, token, stop, failed: storeFailed }),
    params: { Bucket: bucket, Key: key, Body: feed, ContentType: contentType, Metadata: { [UPLOAD_TOKEN]: token } },
    partSize: partSizeOf(maxBytes),
    queueSize: PARTS_IN_FLIGHT,
  });
  const [fed, stored] = await Promise.allSettled([pipeline(body, feed), upload.done()]);

  if (fed.status === 'rejected' && !isStopped(fed.reason, stop)) throw fed.reason;
  if (storeFailed.signal.aborted && stop.reason === storeFailed.signal.reason) throw translateS3Error(stop.reason);
  if (signal.aborted) {
    // The whole body had been read, so the last request may have stored the object in spite of the abort.
    if (fed.status === 'fulfilled') await removeObject(client, { bucket, key, giveUpMs });
    throw signal.reason;
  }
  if (stored.status === 'rejected') throw stored.reason;
}

/** Returns true when a pipeline was ended by `stop`, not by an error of the body. */
function isStopped(error: unknown, stop: AbortSignal): boolean {
  return stop.aborted && error instanceof Error && error.name === 'AbortError' && error.cause === stop.reason;
}

interface OneUpload {
  readonly object: ObjectToUpload;
  /** The value of UPLOAD_TOKEN in the object's metadata. */
  readonly token: string;
  /** Aborted when the upload is to end: at the first error of the store, or by its caller. */
  readonly stop: AbortSignal;
  /** Aborted at the first error of the store; its reason is that error. */
  readonly failed: AbortController;
}

/**
 * Wraps the client for one upload, so that its first error stops the upload at once: the SDK's `Upload` would read the
 * whole body and send the other parts although the upload has failed. Requests in flight have `giveUpMs` to end,
 * because a part whose request is cut off can still arrive after the upload was aborted.
 */
function failFast(client: S3Client, { object, token, stop, failed }: OneUpload): S3Client {
  const { bucket, key, queue, giveUpMs } = object;
  const cutOff = new AbortController();
  const sizes = new Map<number | undefined, number>();
  const fail = (error: unknown): void => {
    if (failed.signal.aborted) return;
    failed.abort(error);
    setTimeout(() => cutOff.abort(error), giveUpMs).unref();
  };
  const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    if (command instanceof AbortMultipartUploadCommand) {
      return client.send(command, { abortSignal: AbortSignal.timeout(giveUpMs) });
    }
    if (command instanceof UploadPartCommand) sizes.set(command.input.PartNumber, byteLengthOf(command.input.Body));
    try {
      if (command instanceof CompleteMultipartUploadCommand) {
        const size = [...sizes.values()].reduce((sum, part) => sum + part, 0);
        return await completeUpload(client, command, { bucket, key, token, size }, cutOff.signal);
      }
      const answer = (): Promise<unknown> => client.send(command, { abortSignal: cutOff.signal });
      if (!(command instanceof PutObjectCommand || command instanceof UploadPartCommand)) return await answer();
      const stored = await queue.run(stop, answer);
      assertStored(stored);
      return stored;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  return new Proxy(client, {
    get: (target, name): unknown => (name === 'send' ? send : Reflect.get(target, name)),
  });
}

/** A response with status 200 and without an ETag comes from a proxy in between: nothing was stored. */
function assertStored(answer: unknown): void {
  const { ETag } = answer as PutObjectCommandOutput | UploadPartCommandOutput;
  if (ETag === undefined) throw storageUnavailable(new Error('The response to a PUT has no ETag.'));
}

/** The size of a part, in bytes. The SDK's `Upload` collects the parts of a stream as byte arrays. */
function byteLengthOf(body: unknown): number {
  if (!(body instanceof Uint8Array)) throw new TypeError('A part of an upload is not a byte array.');
  return body.byteLength;
}

/**
 * Deletes the object. Rejects with STORAGE_UNAVAILABLE when that fails: the object may exist, and the caller deletes
 * it.
 */
async function removeObject(
  client: S3Client,
  { bucket, key, giveUpMs }: Pick<ObjectToUpload, 'bucket' | 'key' | 'giveUpMs'>,
): Promise<void> {
  try {
    const abortSignal = AbortSignal.timeout(giveUpMs);
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
  } catch (error) {
    throw storageUnavailable(error);
  }
}
