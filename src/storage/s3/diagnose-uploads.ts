import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetBucketCorsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CORSRule, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { ok, problem, warning, type Outcome } from '../../diagnosis.js';
import { PROBE } from '../probe.js';
import { hasName } from './s3-errors.js';

interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
}

const CORS_REMEDY = 'Set the CORS rules of docs/S3_UPLOAD_SETUP.md.';

/** How stores say that there are no rules, and that they will not say. */
const NO_RULES: ReadonlySet<string> = new Set(['NoSuchCORSConfiguration', 'NoSuchCORS']);
const NOT_TOLD: ReadonlySet<string> = new Set(['AccessDenied', 'MethodNotAllowed', 'NotImplemented']);

const CHECKSUM_PARAMETER = /x-amz-(checksum|sdk-checksum)/i;

/** Begins an upload, sends a part, and gives it up. */
export async function multipart({ client, bucket }: Bucket, key: string): Promise<Outcome> {
  const object = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  try {
    const part = new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: PROBE.body });
    const { ETag } = await client.send(part);
    if (ETag === undefined)
      return problem('The store names no ETag for a part.', 'Use a store that does: it completes uploads by them.');
  } finally {
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
  }
  return ok('An upload in parts was begun, got a part, and was given up.');
}

/** What a page of another origin may do with the bucket. Uploads in parts from a browser have to read the ETag. */
export async function corsRules({ client, bucket }: Bucket): Promise<Outcome> {
  let rules: readonly CORSRule[];
  try {
    rules = (await client.send(new GetBucketCorsCommand({ Bucket: bucket }))).CORSRules ?? [];
  } catch (error) {
    if (hasName(error, NOT_TOLD)) {
      return warning(
        'The store does not tell its CORS rules to this key.',
        'Allow s3:GetBucketCORS to have them checked, or look at them yourself.',
      );
    }
    if (!hasName(error, NO_RULES)) throw error;
    rules = [];
  }
  if (rules.length === 0) return warning('There are no CORS rules: pages cannot read files by script.', CORS_REMEDY);
  const exposing = rules.filter(({ ExposeHeaders = [] }) =>
    ExposeHeaders.some((name) => name.toLowerCase() === 'etag'),
  );
  if (exposing.length === 0) return warning('No CORS rule exposes the header ETag.', CORS_REMEDY);
  const origins = [...new Set(exposing.flatMap(({ AllowedOrigins = [] }) => AllowedOrigins))];
  return ok(`CORS rules expose ETag to ${origins.join(', ')}.`);
}

/** The SDK would put the checksum of an empty body into presigned uploads, and trailers into streamed ones. */
export async function checksumMode({ client, bucket }: Bucket, key: string): Promise<Outcome> {
  const { requestChecksumCalculation, responseChecksumValidation } = client.config;
  const modes = [await requestChecksumCalculation(), await responseChecksumValidation()];
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: key }));
  if (modes.every((mode) => mode === 'WHEN_REQUIRED') && !CHECKSUM_PARAMETER.test(url)) {
    return ok('Checksums are sent only where they are required; presigned uploads have none.');
  }
  return problem(
    'Presigned uploads carry a checksum that no body will match.',
    'Report this: it is a fault of Lectern.',
  );
}
