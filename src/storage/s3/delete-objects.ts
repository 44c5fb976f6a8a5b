import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { sideBySide } from '../side-by-side.js';
import { hasName } from './s3-errors.js';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MAX_KEYS_PER_CALL = 1_000;

/** How many calls run at once when objects are deleted one by one. */
const SINGLE_DELETIONS_AT_ONCE = 16;

/**
 * The errors of stores that cannot carry out DeleteObjects at all: they require Content-MD5, which the SDK no longer
 * sends, or they do not implement the call.
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
 * Deletes objects, up to 1,000 with one call. A key without an object is not an error. Objects that the store did not
 * delete by that call are deleted one by one; if that fails too, it rejects with the error of the single deletion.
 */
export async function deleteObjects(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  for (let first = 0; first < keys.length; first += MAX_KEYS_PER_CALL) {
    const remaining = await deleteBatch(client, bucket, keys.slice(first, first + MAX_KEYS_PER_CALL));
    await sideBySide(remaining, SINGLE_DELETIONS_AT_ONCE, async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    });
  }
}

/** Deletes objects with one call. Returns the keys that have to be deleted one by one. */
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
