import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { isNotFound, statusOf, storageUnavailable } from './s3-errors.js';

/**
 * The metadata entry (`x-amz-meta-lectern-upload`) that names the upload which made the object: a random token, or the id
 * of the session of a direct upload.
 */
export const UPLOAD_TOKEN = 'lectern-upload';

/** The object that a multipart upload is to make. */
export interface ExpectedObject {
  readonly bucket: string;
  readonly key: string;
  /** The value of UPLOAD_TOKEN in the object's metadata, sent with CreateMultipartUpload. */
  readonly token: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Statuses with which stores refuse a repeated CompleteMultipartUpload, when the first one was carried out and its
 * response was lost: NoSuchUpload or NoSuchKey (404), or that the object exists (412).
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
const MAY_BE_DONE: ReadonlySet<number> = new Set([404, 412]);

/**
 * Completes a multipart upload. The SDK repeats a call whose response was lost. If the store then answers that there is
 * no such upload, the object is looked at: with this upload's token and size, the first call has succeeded.
 * Rejects with the store's error when the object is not there, and with STORAGE_UNAVAILABLE when it cannot be looked
 * at.
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

/** Whether the object of this upload is there. Rejects with STORAGE_UNAVAILABLE when that cannot be seen. */
export async function isStored(client: S3Client, object: ExpectedObject, abortSignal: AbortSignal): Promise<boolean> {
  const { bucket, key, token, size } = object;
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
    return head.ContentLength === size && head.Metadata?.[UPLOAD_TOKEN] === token;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw storageUnavailable(error);
  }
}
