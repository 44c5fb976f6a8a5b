import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { sideBySide } from '../side-by-side.js';
import { hasName } from './s3-errors.js';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MAX_KEYS_PER_CALL = 1_000;

/** Calls at once, where objects have to be deleted one by one. */
const SINGLE_DELETIONS_AT_ONCE = 16;

/**
 * How stores refuse DeleteObjects as such: because there is no Content-MD5, which the SDK no longer sends, or because
 * they do not know the call.
 */
const NO_BATCH_DELETE: ReadonlySet<string> = new Set([
  'BadDigest',
  'InvalidDigest',
  'InvalidRequest',
  'MalformedXML',
  'MethodNotAllowed',
  'MissingContentMD5',
  'NotImplemented',
]);

/**
 * Deletes objects, a thousand with one call. Absent ones are no error. What the store does not delete that way is
 * deleted one by one: the error of that call says why it cannot be.
 */
export async function deleteObjects(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  for (let first = 0; first < keys.length; first += MAX_KEYS_PER_CALL) {
    const remaining = await deleteBatch(client, bucket, keys.slice(first, first + MAX_KEYS_PER_CALL));
    await sideBySide(remaining, SINGLE_DELETIONS_AT_ONCE, async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    });
  }
}

/** Returns the keys that are left to be deleted one by one. */
async function deleteBatch(client: S3Client, bucket: string, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length <= 1) return keys;
  const objects = keys.map((Key) => ({ Key }));
  try {
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } });
    const { Errors } = await client.send(command);
    return (Errors ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  } catch (error) {
    if (hasName(error, NO_BATCH_DELETE)) return keys;
    throw error;
  }
}
