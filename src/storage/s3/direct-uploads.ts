import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import type { Part, S3Client } from '@aws-sdk/client-s3';
import { PartsChangedError, UploadGoneError } from '../direct-uploads.js';
import type {
  BeginOptions,
  DirectUpload,
  DirectUploads,
  PartToSign,
  SignedPart,
  StoredPart,
} from '../direct-uploads.js';
import { assertObjectKey } from '../object-key.js';
import { beginUpload } from './begin-upload.js';
import { completeUpload, isStored, UPLOAD_TOKEN } from './complete-upload.js';
import type { Presigner } from './presign.js';
import { hasName, storageUnavailable, translateS3Error } from './s3-errors.js';

export interface S3DirectUploadsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly presigner: Presigner;
}

/** How stores say that an upload has ended. Ceph answers ListParts of such an upload with NoSuchKey. */
const UPLOAD_ENDED: ReadonlySet<string> = new Set(['NoSuchUpload', 'NoSuchKey']);

/** How stores say that a part is not the one that was named. */
const OTHER_PARTS: ReadonlySet<string> = new Set(['InvalidPart', 'InvalidPartOrder']);

const INTERNAL_ERROR: ReadonlySet<string> = new Set(['InternalError', 'UnknownError']);

/** How often an upload is aborted before its parts are listed. */
const MAX_ABORTS = 3;

/** Direct uploads as multipart uploads of S3, however small the file is. */
export class S3DirectUploads implements DirectUploads {
  constructor(private readonly options: S3DirectUploadsOptions) {}

  async begin(key: string, { contentType, sessionId }: BeginOptions): Promise<string> {
    assertObjectKey(key);
    const { client, bucket } = this.options;
    const metadata = { [UPLOAD_TOKEN]: sessionId };
    try {
      return await beginUpload(client, { Bucket: bucket, Key: key, ContentType: contentType, Metadata: metadata });
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  signPart(upload: DirectUpload, part: PartToSign, expiresAt: Date): Promise<SignedPart> {
    assertObjectKey(upload.key);
    return this.options.presigner.signPart(upload, part, expiresAt);
  }

  async *listParts(upload: DirectUpload): AsyncGenerator<StoredPart> {
    // Not the SDK's paginator: it continues while there is a marker, and Ceph returns one for the last page too.
    let after: string | undefined;
    try {
      do {
        const command: ListPartsCommand = new ListPartsCommand({ ...this.named(upload), PartNumberMarker: after });
        const page = await this.options.client.send(command);
        yield* (page.Parts ?? []).map(asStoredPart);
        after = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (after !== undefined);
    } catch (error) {
      if (hasName(error, UPLOAD_ENDED)) throw new UploadGoneError(upload.key, { cause: error });
      throw translateS3Error(error);
    }
  }

  async complete(upload: DirectUpload, parts: readonly StoredPart[], signal: AbortSignal): Promise<void> {
    const { key, sessionId: token, size } = upload;
    const { client, bucket } = this.options;
    const object = { bucket, key, token, size };
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    const command = new CompleteMultipartUploadCommand({ ...this.named(upload), MultipartUpload: { Parts } });
    try {
      await completeUpload(client, command, object, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (hasName(error, OTHER_PARTS)) throw new PartsChangedError(key, { cause: error });
      if (hasName(error, UPLOAD_ENDED)) throw new UploadGoneError(key, { cause: error });
      // Ceph answers this for an upload that has ended and has no object.
      if (!hasName(error, INTERNAL_ERROR) || (await this.stateOf(upload)) !== 'ended') throw translateS3Error(error);
      if (!(await isStored(client, object, signal))) throw new UploadGoneError(key, { cause: error });
    }
  }

  /**
   * A part that is on its way while an upload is aborted may be stored after all, so this is repeated until the store no
   * longer knows the upload. Stores that never say so are asked for its parts.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
   */
  async abort(upload: DirectUpload): Promise<void> {
    for (let aborts = 0; aborts < MAX_ABORTS; aborts++) {
      try {
        await this.options.client.send(new AbortMultipartUploadCommand(this.named(upload)));
      } catch (error) {
        if (hasName(error, UPLOAD_ENDED)) return;
        throw translateS3Error(error);
      }
    }
    if ((await this.stateOf(upload)) !== 'has parts') return;
    throw storageUnavailable(new Error('The store keeps parts of an upload that was aborted.'));
  }

  private async stateOf(upload: DirectUpload): Promise<'ended' | 'empty' | 'has parts'> {
    try {
      for await (const _part of this.listParts(upload)) return 'has parts';
      return 'empty';
    } catch (error) {
      if (error instanceof UploadGoneError) return 'ended';
      throw error;
    }
  }

  private named({ key, uploadId }: DirectUpload): { Bucket: string; Key: string; UploadId: string } {
    assertObjectKey(key);
    return { Bucket: this.options.bucket, Key: key, UploadId: uploadId };
  }
}

function asStoredPart({ PartNumber, Size, ETag }: Part): StoredPart {
  if (PartNumber === undefined || Size === undefined || ETag === undefined)
    throw storageUnavailable(new Error('The store listed a part without its number, size or ETag.'));
  return { number: PartNumber, size: Size, etag: ETag };
}
