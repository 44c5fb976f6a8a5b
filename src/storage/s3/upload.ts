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
import { storageUnavailable, translateS3Error } from './s3-errors.js';

/**
 * Parts on their way at once. With the part being gathered and the copy that joins its pieces, one upload holds four
 * parts at most: 32 MiB, and what the garbage collector has yet to take, for anything up to 78 GiB.
 */
const PARTS_IN_FLIGHT = 2;

/** Read ahead of the part that is being gathered. */
const FEED_BUFFER_BYTES = 64 * 1024;

export interface ObjectToUpload {
  readonly bucket: string;
  readonly key: string;
  readonly body: Readable;
  readonly contentType: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Milliseconds, each, for what is in flight and for giving up, once the store has failed. */
  readonly giveUpMs: number;
}

/**
 * Stores a stream of unknown length: one PUT if it fits into a part, else a multipart upload. Rejects with what went
 * wrong first: the signal's reason, the body's own error, or the store's (translated).
 *
 * An abort cuts the feed and waits for the requests in flight, 16 s at worst. `Upload.abort()` does not wait: a part or
 * the object could appear after it had rejected, and nobody would remove it.
 */
export async function uploadObject(client: S3Client, object: ObjectToUpload): Promise<void> {
  const { bucket, key, body, contentType, maxBytes, signal, giveUpMs } = object;
  const storeFailed = new AbortController();
  const stop = AbortSignal.any([signal, storeFailed.signal]);
  // Ends when told to, whatever the body does: one that waits for its client may not hear that it is destroyed.
  const feed = addAbortSignal(stop, new PassThrough({ highWaterMark: FEED_BUFFER_BYTES }));
  const token = randomUUID();
  const upload = new Upload({
    client: failFast(client, { object, token, failed: storeFailed }),
    params: { Bucket: bucket, Key: key, Body: feed, ContentType: contentType, Metadata: { [UPLOAD_TOKEN]: token } },
    partSize: partSizeOf(maxBytes),
    queueSize: PARTS_IN_FLIGHT,
  });
  const [fed, stored] = await Promise.allSettled([pipeline(body, feed), upload.done()]);

  if (fed.status === 'rejected' && !isStopped(fed.reason, stop)) throw fed.reason;
  if (storeFailed.signal.aborted && stop.reason === storeFailed.signal.reason) throw translateS3Error(stop.reason);
  if (signal.aborted) {
    // All bytes had come, so the last request may have stored the object in spite of the abort.
    if (fed.status === 'fulfilled') await removeObject(client, { bucket, key, giveUpMs });
    throw signal.reason;
  }
  if (stored.status === 'rejected') throw stored.reason;
}

/** Whether a pipeline ended because it was told to, and not by the body's own error. */
function isStopped(error: unknown, stop: AbortSignal): boolean {
  return stop.aborted && error instanceof Error && error.name === 'AbortError' && error.cause === stop.reason;
}

interface OneUpload {
  readonly object: ObjectToUpload;
  /** Stands in the metadata of the object. */
  readonly token: string;
  /** Aborted with the first error of the store. */
  readonly failed: AbortController;
}

/**
 * The same client, for one upload. Its first failure is told at once, since Upload left to itself would send the
 * other parts and read the whole body, although the upload has failed. Requests in flight may end first: a part that is
 * cut off can still arrive, after the upload was given up.
 */
function failFast(client: S3Client, { object, token, failed }: OneUpload): S3Client {
  const { bucket, key, giveUpMs } = object;
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
      const answer: unknown = await client.send(command, { abortSignal: cutOff.signal });
      if (command instanceof PutObjectCommand || command instanceof UploadPartCommand) assertStored(answer);
      return answer;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  return new Proxy(client, {
    get: (target, name): unknown => (name === 'send' ? send : Reflect.get(target, name)),
  });
}

/** Status 200 without an ETag is the page of something between this server and the store: nothing was stored. */
function assertStored(answer: unknown): void {
  const { ETag } = answer as PutObjectCommandOutput | UploadPartCommandOutput;
  if (ETag === undefined) throw storageUnavailable(new Error('The store stored something and named no ETag.'));
}

/** Upload gathers the parts of a stream as bytes. */
function byteLengthOf(body: unknown): number {
  if (!(body instanceof Uint8Array)) throw new TypeError('A part of an upload is no bytes.');
  return body.byteLength;
}

/** Rejects with STORAGE_UNAVAILABLE when it cannot be done: then the outcome is unknown, and the caller deletes the key. */
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
