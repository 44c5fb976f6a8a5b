import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import type { CreateMultipartUploadCommandInput, S3Client } from '@aws-sdk/client-s3';
import { storageUnavailable } from './s3-errors.js';

/**
 * Begins a multipart upload. Returns the id by which the store knows it. Rejects with the store's error, and with
 * STORAGE_UNAVAILABLE when the answer has no id.
 */
export async function beginUpload(
  client: S3Client,
  object: CreateMultipartUploadCommandInput,
  options: { readonly abortSignal?: AbortSignal } = {},
): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object), options);
  if (UploadId === undefined) throw storageUnavailable(new Error('The store began an upload and named no id.'));
  return UploadId;
}
