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
import { judgeRules } from './bucket-rules.js';

interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
}

export const CORS_REMEDY = 'Set the CORS rules of docs/S3_UPLOAD_SETUP.md.';

/** Errors of GetBucketCors: the bucket has no CORS rules. */
const NO_RULES: ReadonlySet<string> = new Set(['NoSuchCORSConfiguration', 'NoSuchCORS']);

const CHECKSUM_PARAMETER = /x-amz-(checksum|sdk-checksum)/i;

/** Begins a multipart upload, sends one part, and aborts the upload. */
export async function multipart({ client, bucket }: Bucket, key: string): Promise<Outcome> {
  const object = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  try {
    const part = new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: PROBE.body });
    const { ETag } = await client.send(part);
    if (ETag === undefined)
      return problem(
        'The store returns no ETag for a part.',
        'Use another store: without ETags no multipart upload can be completed.',
      );
  } finally {
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
  }
  return ok('A multipart upload was begun, got a part, and was aborted.');
}

/** Reads the CORS rules of the bucket. A page of another origin needs PUT to send the parts of direct uploads. */
export function corsRules({ client, bucket }: Bucket): Promise<Outcome> {
  const read = async (): Promise<CORSRule[] | undefined> =>
    (await client.send(new GetBucketCorsCommand({ Bucket: bucket }))).CORSRules;
  return judgeRules({ name: 'CORS', permission: 's3:GetBucketCORS', noRules: NO_RULES, read }, (rules) => {
    if (rules.length === 0)
      return warning('There are no CORS rules: scripts of web pages cannot read files.', CORS_REMEDY);
    const writing = rules.filter(({ AllowedMethods = [] }) => AllowedMethods.includes('PUT'));
    if (writing.length === 0)
      return warning('No CORS rule allows PUT: web pages cannot send direct uploads.', CORS_REMEDY);
    const origins = [...new Set(writing.flatMap(({ AllowedOrigins = [] }) => AllowedOrigins))];
    return ok(`CORS rules allow PUT to ${origins.join(', ')}.`);
  });
}

/**
 * Checks that WHEN_REQUIRED is in force. By default the SDK puts the checksum of an empty body into presigned uploads
 * and sends trailers with streamed ones.
 */
export async function checksumMode({ client, bucket }: Bucket, key: string): Promise<Outcome> {
  const { requestChecksumCalculation, responseChecksumValidation } = client.config;
  const modes = [await requestChecksumCalculation(), await responseChecksumValidation()];
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: key }));
  if (modes.every((mode) => mode === 'WHEN_REQUIRED') && !CHECKSUM_PARAMETER.test(url)) {
    return ok('Checksums are sent only where the store requires them, and not in presigned uploads.');
  }
  return problem(
    'Presigned uploads contain the checksum of an empty body, so the store would refuse every file.',
    'Report this: it is a defect of Lectern.',
  );
}
