import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { isNotFound, statusOf, storageUnavailable } from './s3-errors.js';

/** The name of the metadata entry that tells the object of one upload from any other: `x-amz-meta-lectern-upload`. */
export const UPLOAD_TOKEN = 'lectern-upload';

/** The object that an upload in parts becomes. */
export interface ExpectedObject {
  readonly bucket: string;
  readonly key: string;
  /** In its metadata since CreateMultipartUpload. */
  readonly token: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * What a store answers to a repeated CompleteMultipartUpload when the first one was carried out and its answer was lost:
 * NoSuchUpload or NoSuchKey (404), or that the object is there (412).
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
const MAY_BE_DONE: ReadonlySet<number> = new Set([404, 412]);

/**
 * Completes an upload in parts. The SDK repeats a call whose answer was lost; where the store then says that there is no
 * such upload, the object itself decides: it is this upload's when it has its token and size.
 * Rejects with the store's error when there is no such object, and with STORAGE_UNAVAILABLE when that cannot be seen.
 */
export async function completeUpload(
  client: S3Client,
  command: CompleteMultipartUploadCommand,
  object: ExpectedObject,
  abortSignal: AbortSignal,
): Promise<unknown> {
  try {
    return await client.send(command, { abortSignal });
  } catch (error) {
    if (!(error instanceof Error) || !MAY_BE_DONE.has(statusOf(error) ?? 0)) throw error;
    if (!(await isStored(client, object, abortSignal))) throw error;
    return {};
  }
}

async function isStored(client: S3Client, object: ExpectedObject, abortSignal: AbortSignal): Promise<boolean> {
  const { bucket, key, token, size } = object;
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
    return head.ContentLength === size && head.Metadata?.[UPLOAD_TOKEN] === token;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw storageUnavailable(error);
  }
}
