import { GetObjectCommand, HeadBucketCommand, HeadObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { Diagnosis } from '../../diagnosis.js';
import type { MaybePromise } from '../../maybe-promise.js';
import { DEFAULT_TIMINGS, type Timings } from '../../timings.js';
import { assertObjectKey, encodeKeyForUrl, isObjectKey } from '../object-key.js';
import { assertReadable } from '../assert-readable.js';
import { ObjectNotFoundError } from '../storage.js';
import type {
  DiagnoseOptions,
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
import { makeCheckingClient, makeClient, makeReadingClient } from './clients.js';
import type { S3ClientOptions, S3Credentials } from './clients.js';
import { deleteObjects } from './delete-objects.js';
import { compareClocks, diagnoseS3 } from './diagnose-s3.js';
import { S3DirectUploads } from './direct-uploads.js';
import { objectBody } from './object-body.js';
import { pathOf, Presigner } from './presign.js';
import { PutQueue } from './put-queue.js';
import { hasName, isNotFound, storageUnavailable, translateS3Error } from './s3-errors.js';
import { abortUpload, unfinishedUploads } from './unfinished-uploads.js';
import { uploadObject } from './upload.js';

export type { S3Credentials, S3Timings } from './clients.js';

export interface S3StorageOptions extends S3ClientOptions {
  readonly bucket: string;
  /** `https://host[:port]` of the store for clients, if they cannot use `endpoint`. Signed URLs begin with it. */
  readonly publicEndpoint?: string;
}

/** The error code for an object that does not exist. A 404 without this code comes from a proxy, not from the store. */
const NO_SUCH_KEY: ReadonlySet<string> = new Set(['NoSuchKey']);

/** Stores files in a bucket of Amazon S3 or of an S3-compatible store. */
export class S3Storage implements Storage {
  readonly name = 's3';
  readonly direct: S3DirectUploads;
  private readonly bucket: string;
  private readonly client: S3Client;
  private readonly readingClient: S3Client;
  private readonly checkingClient: S3Client;
  private readonly timings: Timings;
  private readonly publicBucketUrl: URL;
  private readonly presigner: Presigner;
  private readonly queue = new PutQueue();

  constructor(private readonly options: S3StorageOptions) {
    this.bucket = options.bucket;
    this.client = makeClient(options);
    this.readingClient = makeReadingClient(options, this.client);
    this.checkingClient = makeCheckingClient(options, this.client);
    this.timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.publicBucketUrl = this.bucketUrl(options.publicEndpoint ?? options.endpoint);
    const credentials = async (): Promise<S3Credentials> => this.client.config.credentials();
    this.presigner = new Presigner({ credentials, region: options.region, bucketUrl: this.publicBucketUrl });
    this.direct = new S3DirectUploads({ client: this.client, bucket: this.bucket, presigner: this.presigner });
  }

  async put(key: string, body: Readable, options: PutOptions): Promise<void> {
    const { contentType, maxBytes, signal, ownsChunks = false } = options;
    assertObjectKey(key);
    assertReadable(body);
    signal.throwIfAborted();
    const { bucket, queue, timings } = this;
    const giveUpMs = timings.s3GiveUp;
    const object = { bucket, key, body, contentType, maxBytes, ownsChunks, signal, queue, giveUpMs };
    await uploadObject(this.client, object);
  }

  async open(key: string, { range, signal }: OpenOptions = {}): Promise<Readable> {
    assertObjectKey(key);
    signal?.throwIfAborted();
    const wanted = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    const command = new GetObjectCommand({ ...this.object(key), ...wanted });
    try {
      const { Body } = await this.readingClient.send(command, signal === undefined ? {} : { abortSignal: signal });
      if (!(Body instanceof Readable)) throw new TypeError('The SDK answered GetObject without a Node stream.');
      return objectBody(Body, this.timings.s3Idle, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (hasName(error, NO_SUCH_KEY)) throw new ObjectNotFoundError(this.name, key, { cause: error });
      throw translateS3Error(error);
    }
  }

  async stat(key: string): Promise<ObjectStat | null> {
    assertObjectKey(key);
    try {
      const { ContentLength, LastModified } = await this.client.send(new HeadObjectCommand(this.object(key)));
      if (ContentLength === undefined || LastModified === undefined)
        throw storageUnavailable(new Error('The store answered HeadObject without size or time.'));
      return { size: ContentLength, modifiedAt: LastModified };
    } catch (error) {
      if (!isNotFound(error)) throw translateS3Error(error);
      // The response to a HEAD does not say what is missing, and a missing bucket must not look like a deleted object.
      await this.headBucket(this.client);
      return null;
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertObjectKey(key);
    try {
      await deleteObjects(this.client, this.bucket, keys);
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: prefix });
    try {
      for await (const page of pages) {
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          // Skip objects of other programs: Lectern does not store objects under such keys.
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

  signGet(key: string, options: SignGetOptions): MaybePromise<SignedUrl> {
    assertObjectKey(key);
    return this.presigner.signGet(key, options);
  }

  async sweepUnfinished({ olderThan, key }: UnfinishedOptions): Promise<number> {
    if (key !== undefined) assertObjectKey(key);
    let removed = 0;
    try {
      for await (const upload of unfinishedUploads(this.client, this.bucket, key ?? '')) {
        if (key !== undefined && upload.Key !== key) continue;
        if (upload.Initiated === undefined || upload.Initiated >= olderThan) continue;
        removed += await abortUpload(this.client, this.bucket, upload);
      }
    } catch (error) {
      throw translateS3Error(error);
    }
    return removed;
  }

  async *unfinished(prefix: string): AsyncGenerator<UnfinishedObject> {
    try {
      const uploads = unfinishedUploads(this.client, this.bucket, prefix);
      for await (const { Key: name, UploadId: id, Initiated: begunAt } of uploads) {
        if (name === undefined || id === undefined || begunAt === undefined) continue;
        yield { name, id, begunAt, belongsTo: (key) => key === name };
      }
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  /** Uses its own connections, because all others may be in use by uploads. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.headBucket(this.checkingClient, signal);
  }

  compareClocks(): Promise<Diagnosis> {
    return compareClocks({ bucketUrl: this.bucketUrl(this.options.endpoint) });
  }

  diagnose({ origin }: DiagnoseOptions = {}): AsyncIterable<Diagnosis> {
    const { endpoint, publicEndpoint } = this.options;
    return diagnoseS3({
      storage: this,
      client: this.client,
      bucket: this.bucket,
      bucketUrl: this.bucketUrl(endpoint),
      publicBucketUrl: this.publicBucketUrl,
      hasPublicEndpoint: publicEndpoint !== undefined,
      timings: this.timings,
      ...(origin !== undefined && { origin }),
    });
  }

  async close(): Promise<void> {
    this.client.destroy();
    this.readingClient.destroy();
    this.checkingClient.destroy();
  }

  /** Rejects with STORAGE_UNAVAILABLE, whatever the reason, when this server cannot use the bucket. */
  private async headBucket(client: S3Client, signal?: AbortSignal): Promise<void> {
    try {
      const command = new HeadBucketCommand({ Bucket: this.bucket });
      await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      throw storageUnavailable(error);
    }
  }

  private object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: key };
  }

  /** The bucket's URL by the rules of the SDK: region, partition, dots in bucket names, path style. */
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
