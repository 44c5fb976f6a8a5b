import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { MultipartUpload, S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { Diagnosis } from '../../diagnosis.js';
import { assertObjectKey, encodeKeyForUrl, isObjectKey } from '../object-key.js';
import { assertWholeBody } from '../spoilt-body.js';
import { ObjectNotFoundError } from '../storage.js';
import type {
  ListedObject,
  ObjectStat,
  OpenOptions,
  PutOptions,
  SignedUrl,
  SignGetOptions,
  Storage,
  UnfinishedObject,
  UnfinishedOptions,
} from '../storage.js';
import { DEFAULT_TIMEOUTS, makeClient, makeReadingClient } from './clients.js';
import type { S3ClientOptions, S3Timeouts } from './clients.js';
import { diagnoseS3 } from './diagnose-s3.js';
import { objectBody } from './object-body.js';
import { pathOf, presignGet } from './presign.js';
import { hasName, isNotFound, storageUnavailable, translateS3Error } from './s3-errors.js';
import { uploadObject } from './upload.js';

export type { S3Credentials, S3Timeouts } from './clients.js';

export interface S3StorageOptions extends S3ClientOptions {
  readonly bucket: string;
  /** The store as clients reach it, when they know it by another name than the server does. Signed URLs point there. */
  readonly publicEndpoint?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MAX_KEYS_PER_DELETE = 1000;

/** How stores refuse DeleteObjects as such: for want of a Content-MD5, which the SDK no longer sends, or as unknown. */
const NO_BATCH_DELETE: ReadonlySet<string> = new Set([
  'BadDigest',
  'InvalidDigest',
  'InvalidRequest',
  'MalformedXML',
  'MethodNotAllowed',
  'MissingContentMD5',
  'NotImplemented',
]);

const NO_SUCH_UPLOAD: ReadonlySet<string> = new Set(['NoSuchUpload']);

/** Files in a bucket of Amazon S3, or of any store that speaks its protocol. */
export class S3Storage implements Storage {
  readonly name = 's3';
  private readonly bucket: string;
  private readonly client: S3Client;
  private readonly readingClient: S3Client;
  private readonly timeouts: S3Timeouts;
  private readonly publicBucketUrl: URL;

  constructor(private readonly options: S3StorageOptions) {
    this.bucket = options.bucket;
    this.client = makeClient(options);
    this.readingClient = makeReadingClient(options, this.client);
    this.timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
    this.publicBucketUrl = this.bucketUrl(options.publicEndpoint ?? options.endpoint);
  }

  async put(key: string, body: Readable, { contentType, maxBytes, signal }: PutOptions): Promise<void> {
    assertObjectKey(key);
    assertWholeBody(body);
    signal.throwIfAborted();
    const giveUpMs = this.timeouts.giveUp;
    await uploadObject(this.client, { bucket: this.bucket, key, body, contentType, maxBytes, signal, giveUpMs });
  }

  async open(key: string, { range, signal }: OpenOptions = {}): Promise<Readable> {
    assertObjectKey(key);
    signal?.throwIfAborted();
    const wanted = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    const command = new GetObjectCommand({ ...this.object(key), ...wanted });
    try {
      const { Body } = await this.readingClient.send(command, signal === undefined ? {} : { abortSignal: signal });
      if (!(Body instanceof Readable)) throw new TypeError('The SDK answered GetObject without a Node stream.');
      return objectBody(Body, this.timeouts.idle, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isNotFound(error)) throw new ObjectNotFoundError(this.name, key, { cause: error });
      throw translateS3Error(error);
    }
  }

  async stat(key: string): Promise<ObjectStat | null> {
    assertObjectKey(key);
    try {
      const { ContentLength, LastModified } = await this.client.send(new HeadObjectCommand(this.object(key)));
      if (ContentLength === undefined || LastModified === undefined)
        throw new TypeError('HeadObject: no size or time.');
      return { size: ContentLength, modifiedAt: LastModified };
    } catch (error) {
      if (!isNotFound(error)) throw translateS3Error(error);
      // A HEAD cannot say what is missing, and a missing bucket must not look like a deleted object.
      await this.check();
      return null;
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertObjectKey(key);
    try {
      for (let first = 0; first < keys.length; first += MAX_KEYS_PER_DELETE) {
        const remaining = await this.deleteBatch(keys.slice(first, first + MAX_KEYS_PER_DELETE));
        for (const key of remaining) await this.client.send(new DeleteObjectCommand(this.object(key)));
      }
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: prefix });
    try {
      for await (const page of pages) {
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          // What Lectern could not have written is somebody else's, and no business of those who list.
          if (Key === undefined || Size === undefined || LastModified === undefined || !isObjectKey(Key)) continue;
          yield { key: Key, size: Size, modifiedAt: LastModified };
        }
      }
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  canonicalUrl(key: string): string {
    return `${this.publicBucketUrl.origin}${pathOf(this.publicBucketUrl)}/${encodeKeyForUrl(key)}`;
  }

  async signGet(key: string, options: SignGetOptions): Promise<SignedUrl> {
    assertObjectKey(key);
    try {
      return await presignGet(this.client, this.publicBucketUrl, key, options);
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  async sweepUnfinished({ olderThan, key }: UnfinishedOptions): Promise<number> {
    let removed = 0;
    try {
      for await (const upload of this.unfinishedUploads(key ?? '')) {
        if (key !== undefined && upload.Key !== key) continue;
        if (upload.Initiated === undefined || upload.Initiated >= olderThan) continue;
        removed += await this.abortUpload(upload);
      }
    } catch (error) {
      throw translateS3Error(error);
    }
    return removed;
  }

  async *unfinished(prefix: string): AsyncGenerator<UnfinishedObject> {
    try {
      for await (const { Key: name, UploadId: id, Initiated: begunAt } of this.unfinishedUploads(prefix)) {
        if (name === undefined || id === undefined || begunAt === undefined) continue;
        yield { name, id, begunAt, belongsTo: (key) => key === name };
      }
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  async check(signal?: AbortSignal): Promise<void> {
    try {
      const command = new HeadBucketCommand({ Bucket: this.bucket });
      await this.client.send(command, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      // Whatever the reason: not this bucket, not this server, not now.
      throw storageUnavailable(error);
    }
  }

  diagnose(): AsyncIterable<Diagnosis> {
    const { endpoint, publicEndpoint } = this.options;
    return diagnoseS3({
      storage: this,
      client: this.client,
      bucket: this.bucket,
      bucketUrl: this.bucketUrl(endpoint),
      publicBucketUrl: this.publicBucketUrl,
      hasPublicEndpoint: publicEndpoint !== undefined,
    });
  }

  async close(): Promise<void> {
    this.client.destroy();
    this.readingClient.destroy();
  }

  /** Deletes up to a thousand at once. Returns the keys to be deleted one by one, whose own errors then tell why. */
  private async deleteBatch(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length <= 1) return keys;
    const objects = keys.map((Key) => ({ Key }));
    try {
      const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects: objects, Quiet: true } });
      const { Errors } = await this.client.send(command);
      return (Errors ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    } catch (error) {
      if (hasName(error, NO_BATCH_DELETE)) return keys;
      throw error;
    }
  }

  private async *unfinishedUploads(prefix: string): AsyncGenerator<MultipartUpload> {
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (marker !== null) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket: this.bucket,
        Prefix: prefix,
        ...marker,
      });
      const page = await this.client.send(command);
      for (const upload of page.Uploads ?? []) if (isObjectKey(upload.Key ?? '')) yield upload;
      marker = page.IsTruncated === true ? nextMarker(page.NextKeyMarker, page.NextUploadIdMarker) : null;
    }
  }

  /** Returns how many it removed: none, when someone else was faster. */
  private async abortUpload({ Key, UploadId }: MultipartUpload): Promise<0 | 1> {
    try {
      await this.client.send(new AbortMultipartUploadCommand({ Bucket: this.bucket, Key, UploadId }));
      return 1;
    } catch (error) {
      if (hasName(error, NO_SUCH_UPLOAD)) return 0;
      throw error;
    }
  }

  private object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: key };
  }

  /** The SDK's own rules of where a bucket is: regions, partitions, dots in names, path style. */
  private bucketUrl(endpoint: string | undefined): URL {
    const { region, forcePathStyle } = this.options;
    return this.client.config.endpointProvider({
      Bucket: this.bucket,
      Region: region,
      ForcePathStyle: forcePathStyle,
      ...(endpoint === undefined ? {} : { Endpoint: endpoint }),
    }).url;
  }
}

function nextMarker(
  keyMarker: string | undefined,
  uploadIdMarker: string | undefined,
): { KeyMarker?: string; UploadIdMarker?: string } | null {
  if (keyMarker === undefined) return null;
  return { KeyMarker: keyMarker, ...(uploadIdMarker === undefined ? {} : { UploadIdMarker: uploadIdMarker }) };
}
