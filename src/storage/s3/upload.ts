import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { partSizeOf } from '../part-size.js';
import { beginUpload } from './begin-upload.js';
import { completeUpload, UPLOAD_TOKEN } from './complete-upload.js';
import { PartCollector, type Part } from './part-collector.js';
import type { PutQueue } from './put-queue.js';
import { storageUnavailable, translateS3Error } from './s3-errors.js';

/**
 * How many parts of an object are sent at once. One upload holds one part more in memory, the one that is being collected.
 * That is 24 MiB for objects of up to 78 GiB.
 */
const PARTS_IN_FLIGHT = 2;

export interface ObjectToUpload {
  readonly bucket: string;
  readonly key: string;
  readonly body: Readable;
  readonly contentType: string;
  readonly maxBytes: number;
  /** As in `PutOptions`. */
  readonly ownsChunks: boolean;
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
 * When `signal` aborts, or a request fails, it stops reading the body and waits for the requests in flight, at most 16 s:
 * a part or the object could appear after it had rejected, and nothing would remove it.
 */
export async function uploadObject(client: S3Client, object: ObjectToUpload): Promise<void> {
  const { body, maxBytes, ownsChunks, signal } = object;
  const upload = new ObjectUpload(client, object);
  const collector = new PartCollector({
    partSize: partSizeOf(maxBytes),
    partsInFlight: PARTS_IN_FLIGHT,
    ownsChunks,
    send: (part) => upload.send(part),
  });
  // The collector ends as soon as `stop` aborts. The body itself may be waiting for its client and not end when it is
  // destroyed.
  const [fed] = await Promise.allSettled([pipeline(body, addAbortSignal(upload.stop, collector))]);
  if (fed.status === 'fulfilled') await upload.finish();
  else await upload.giveUp();

  if (fed.status === 'rejected' && !isStopped(fed.reason, upload.stop)) throw fed.reason;
  if (!upload.stop.aborted) return;
  if (!signal.aborted || upload.stop.reason !== signal.reason) throw translateS3Error(upload.stop.reason);
  // The last request may have stored the object in spite of the abort.
  if (upload.mayBeStored) await upload.remove();
  throw signal.reason;
}

/** Returns true when a pipeline was ended by `stop`, not by an error of the body. */
function isStopped(error: unknown, stop: AbortSignal): boolean {
  return stop.aborted && error instanceof Error && error.name === 'AbortError' && error.cause === stop.reason;
}

/** The requests that store one object. The first that fails aborts `stop`. */
class ObjectUpload {
  /** Aborted when the upload is to end: at the first error of the store, or by its caller. Its reason is that error. */
  readonly stop: AbortSignal;
  /** Whether a request was sent that makes the object. */
  mayBeStored = false;
  private readonly failed = new AbortController();
  /** Ends the requests in flight some time after a failure. */
  private readonly cutOff = new AbortController();
  private readonly token = randomUUID();
  private uploadId: Promise<string> | undefined;
  private readonly running = new Set<Promise<void>>();
  private readonly parts: (CompletedPart & { readonly PartNumber: number })[] = [];
  private size = 0;

  constructor(
    private readonly client: S3Client,
    private readonly object: ObjectToUpload,
  ) {
    this.stop = AbortSignal.any([object.signal, this.failed.signal]);
  }

  /** Sends a part, or the whole object when it has one part only. */
  async send(part: Part): Promise<void> {
    const sending = part.number === 1 && part.isLast ? this.putObject(part) : this.putPart(part);
    this.running.add(sending);
    try {
      await sending;
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.running.delete(sending);
    }
  }

  /** Waits for the requests in flight, and completes a multipart upload. Never rejects: a failure aborts `stop`. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.running);
    if (this.stop.aborted) {
      await this.giveUp();
      return;
    }
    // Absent: the object was stored by one PUT.
    if (!this.uploadId) return;
    try {
      await this.complete(await this.uploadId);
    } catch (error) {
      this.fail(error);
      await this.giveUp();
    }
  }

  /**
   * Waits for the requests in flight, and aborts a multipart upload. When that fails, its parts stay until the store is
   * swept. Never rejects.
   */
  async giveUp(): Promise<void> {
    await Promise.allSettled(this.running);
    const UploadId = await this.uploadId?.catch(() => undefined);
    if (UploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...this.named, UploadId });
    const abortSignal = AbortSignal.timeout(this.object.giveUpMs);
    await this.client.send(command, { abortSignal }).catch(() => undefined);
  }

  /**
   * Deletes the object. Rejects with STORAGE_UNAVAILABLE when that fails: the object may exist, and the caller deletes
   * it.
   */
  async remove(): Promise<void> {
    const abortSignal = AbortSignal.timeout(this.object.giveUpMs);
    try {
      await this.client.send(new DeleteObjectCommand(this.named), { abortSignal });
    } catch (error) {
      throw storageUnavailable(error);
    }
  }

  /** Requests in flight have `giveUpMs` to end, because a part whose request is cut off can still arrive after the abort. */
  private fail(error: unknown): void {
    if (this.stop.aborted) return;
    this.failed.abort(error);
    setTimeout(() => this.cutOff.abort(error), this.object.giveUpMs).unref();
  }

  private async putObject({ bytes }: Part): Promise<void> {
    await this.inTurn(() => {
      this.mayBeStored = true;
      return this.client.send(new PutObjectCommand({ ...this.described, Body: bytes }), this.untilCutOff);
    });
  }

  private async putPart({ number: PartNumber, bytes }: Part): Promise<void> {
    const UploadId = await (this.uploadId ??= beginUpload(this.client, this.described, this.untilCutOff));
    const command = new UploadPartCommand({ ...this.named, UploadId, PartNumber, Body: bytes });
    const { ETag } = await this.inTurn(() => this.client.send(command, this.untilCutOff));
    this.parts.push({ PartNumber, ETag });
    this.size += bytes.length;
  }

  private async complete(UploadId: string): Promise<void> {
    const { client, token, size, parts } = this;
    const { bucket, key } = this.object;
    const MultipartUpload = { Parts: parts.sort((a, b) => a.PartNumber - b.PartNumber) };
    const command = new CompleteMultipartUploadCommand({ ...this.named, UploadId, MultipartUpload });
    this.mayBeStored = true;
    await completeUpload(client, command, { bucket, key, token, size }, this.cutOff.signal);
  }

  /** A response with status 200 and without an ETag comes from a proxy in between: nothing was stored. */
  private async inTurn<T extends { readonly ETag?: string | undefined }>(put: () => Promise<T>): Promise<T> {
    const answer = await this.object.queue.run(this.stop, put);
    if (answer.ETag === undefined) throw storageUnavailable(new Error('The response to a PUT has no ETag.'));
    return answer;
  }

  private get named(): { Bucket: string; Key: string } {
    return { Bucket: this.object.bucket, Key: this.object.key };
  }

  private get described(): { Bucket: string; Key: string; ContentType: string; Metadata: Record<string, string> } {
    return { ...this.named, ContentType: this.object.contentType, Metadata: { [UPLOAD_TOKEN]: this.token } };
  }

  private get untilCutOff(): { abortSignal: AbortSignal } {
    return { abortSignal: this.cutOff.signal };
  }
}
