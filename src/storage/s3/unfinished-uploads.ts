import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { MultipartUpload, S3Client } from '@aws-sdk/client-s3';
import { isObjectKey } from '../object-key.js';
import { hasName } from './s3-errors.js';

export const NO_SUCH_UPLOAD: ReadonlySet<string> = new Set(['NoSuchUpload']);

type Markers = Pick<ListMultipartUploadsCommand['input'], 'KeyMarker' | 'UploadIdMarker'>;

/** Yields every unfinished multipart upload whose key begins with `prefix` and is an object key of Lectern. */
export async function* unfinishedUploads(
  client: S3Client,
  bucket: string,
  prefix: string,
): AsyncGenerator<MultipartUpload> {
  let markers: Markers | null = {};
  while (markers !== null) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      ...markers,
    });
    const page = await client.send(command);
    for (const upload of page.Uploads ?? []) if (isObjectKey(upload.Key ?? '')) yield upload;
    markers = page.IsTruncated === true ? nextMarkers(page.NextKeyMarker, page.NextUploadIdMarker) : null;
  }
}

/** Aborts a multipart upload. Returns how many it aborted: 0 when the upload had already ended. */
export async function abortUpload(client: S3Client, bucket: string, upload: MultipartUpload): Promise<0 | 1> {
  const { Key, UploadId } = upload;
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    return 1;
  } catch (error) {
    if (hasName(error, NO_SUCH_UPLOAD)) return 0;
    throw error;
  }
}

function nextMarkers(keyMarker: string | undefined, uploadIdMarker: string | undefined): Markers | null {
  if (keyMarker === undefined) return null;
  return { KeyMarker: keyMarker, ...(uploadIdMarker === undefined ? {} : { UploadIdMarker: uploadIdMarker }) };
}
