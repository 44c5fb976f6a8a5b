import { createHash } from 'node:crypto';
import { GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import type { LifecycleRule, S3Client } from '@aws-sdk/client-s3';
import { ok, problem, reasonOf, warning, type Outcome } from '../../diagnosis.js';
import type { DirectUpload, DirectUploads } from '../direct-uploads.js';
import { encodeKeyForUrl } from '../object-key.js';
import { newProbeKey, PROBE } from '../probe.js';
import type { Storage } from '../storage.js';
import { ask } from './ask.js';
import { judgeRules } from './bucket-rules.js';
import { CORS_REMEDY } from './diagnose-uploads.js';
import { pathOf } from './presign.js';

interface Bucket {
  readonly storage: Storage;
  readonly client: S3Client;
  readonly bucket: string;
  readonly publicBucketUrl: URL;
  readonly hasPublicEndpoint: boolean;
  readonly origin?: string;
}

/** The lifetime of the signed URLs that are tried, in milliseconds. */
const URL_LIFETIME_MS = 5 * 60_000;

/** The longest that a direct upload may take, in days. */
const SESSION_DAYS = 7;

const PUBLIC_ENDPOINT_REMEDY = 'Correct S3_PUBLIC_ENDPOINT. A proxy there must forward PUT, Host and path unchanged.';
const TRY_REMEDY = 'Upload a file as a client does. If that fails, correct S3_PUBLIC_ENDPOINT.';
const STORE_REMEDY = 'Use another store, or a newer version of this one: it must enforce the headers that are signed.';
const LIFECYCLE_REMEDY = 'Set the lifecycle rule of docs/S3_UPLOAD_SETUP.md.';

/** Error of GetBucketLifecycleConfiguration: the bucket has no rules. */
const NO_RULES: ReadonlySet<string> = new Set(['NoSuchLifecycleConfiguration']);

/** Sends parts as a client does: with a wrong size and with a wrong MD5, which must be refused, and the right one. */
export async function directUpload(bucket: Bucket, key: string): Promise<Outcome> {
  const { direct } = bucket.storage;
  if (direct === undefined) return problem('The storage has no direct uploads.', STORE_REMEDY);
  const size = PROBE.body.length;
  const options = { contentType: PROBE.contentType, size, sessionId: key };
  const upload = { key, uploadId: await direct.begin(key, options), sessionId: key, size, partSize: size };
  try {
    return await sendParts(bucket, direct, upload);
  } finally {
    await direct.abort(upload);
  }
}

async function sendParts(bucket: Bucket, direct: DirectUploads, upload: DirectUpload): Promise<Outcome> {
  const { publicBucketUrl, hasPublicEndpoint } = bucket;
  const { size } = upload;
  let statuses: { readonly size: number; readonly md5: number; readonly right: number };
  try {
    statuses = {
      size: await sendPart(direct, upload, size + 1, md5Of(PROBE.body)),
      md5: await sendPart(direct, upload, size, md5Of('')),
      right: await sendPart(direct, upload, size, md5Of(PROBE.body)),
    };
  } catch (error) {
    const message = `No part could be sent to ${publicBucketUrl.origin} from here. ${reasonOf(error)}`;
    // Only a warning: in some networks a server cannot reach its own public address.
    if (hasPublicEndpoint) return warning(message, TRY_REMEDY);
    throw error;
  }
  if (isSuccess(statuses.size))
    return problem('The store accepts a part of another size than was signed.', STORE_REMEDY);
  if (isSuccess(statuses.md5))
    return problem('The store accepts a part with another MD5 than was signed.', STORE_REMEDY);
  if (!isSuccess(statuses.right)) {
    const message = `A part that was sent to ${publicBucketUrl.origin} was answered with status ${statuses.right}.`;
    return problem(message, hasPublicEndpoint ? PUBLIC_ENDPOINT_REMEDY : STORE_REMEDY);
  }
  const listed = [];
  for await (const part of direct.listParts(upload)) listed.push(part.size);
  if (listed.length !== 1 || listed[0] !== size) return problem('A part that was sent is not listed.', STORE_REMEDY);
  return ok('A part was sent by a signed URL. With a wrong size or MD5 it was refused.');
}

/** Signs a part of this size and MD5, sends the probe, and returns the status. */
async function sendPart(direct: DirectUploads, upload: DirectUpload, size: number, md5: string): Promise<number> {
  const expiresAt = new Date(Date.now() + URL_LIFETIME_MS);
  const { url, method, headers } = await direct.signPart(upload, { number: 1, size, md5 }, expiresAt);
  const sent = headers.map(({ name, value }): [string, string] => [name, value]);
  const response = await ask(url, method, { headers: sent, body: PROBE.body });
  await response.arrayBuffer();
  return response.status;
}

/** Asks as a browser does, before a page of another origin sends a part. https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export async function preflight({ publicBucketUrl, origin }: Bucket): Promise<Outcome> {
  if (origin === undefined) return ok('CORS_ORIGINS names no origin, so no preflight was sent.');
  const url = `${publicBucketUrl.origin}${pathOf(publicBucketUrl)}/${encodeKeyForUrl(newProbeKey())}`;
  const headers = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'content-md5,content-type',
  };
  let answer: Response;
  try {
    answer = await ask(url, 'OPTIONS', { headers });
  } catch (error) {
    const message = `The preflight of a page could not be sent to ${publicBucketUrl.origin} from here. ${reasonOf(error)}`;
    return warning(message, TRY_REMEDY);
  }
  const listed = (name: string): string[] => (answer.headers.get(name) ?? '').toLowerCase().split(/ *, */);
  const allows =
    answer.ok &&
    ['*', origin].includes(answer.headers.get('access-control-allow-origin') ?? '') &&
    listed('access-control-allow-methods').some((method) => ['*', 'put'].includes(method)) &&
    ['content-md5', 'content-type'].every((name) => {
      const allowed = listed('access-control-allow-headers');
      return allowed.includes(name) || allowed.includes('*');
    });
  if (allows) return ok(`Pages of ${origin} may send parts of direct uploads.`);
  return warning(
    `Pages of ${origin} may not send parts of direct uploads: the bucket refuses their preflight.`,
    CORS_REMEDY,
  );
}

/** Reads the rule that aborts unfinished uploads. It must not end a direct upload that is still running. */
export function lifecycleRule({ client, bucket }: Pick<Bucket, 'client' | 'bucket'>): Promise<Outcome> {
  const read = async (): Promise<LifecycleRule[] | undefined> =>
    (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))).Rules;
  const permission = 's3:GetLifecycleConfiguration';
  return judgeRules({ name: 'lifecycle', permission, noRules: NO_RULES, read }, (rules) => {
    const days = rules
      .filter(({ Status }) => Status === 'Enabled')
      .flatMap(({ AbortIncompleteMultipartUpload: rule }) => rule?.DaysAfterInitiation ?? []);
    if (days.length === 0) {
      return warning(
        'No lifecycle rule aborts unfinished uploads: parts that nobody completes cost money.',
        LIFECYCLE_REMEDY,
      );
    }
    const shortest = Math.min(...days);
    if (shortest > SESSION_DAYS) return ok(`Unfinished uploads are aborted after ${shortest} days.`);
    return warning(
      `A lifecycle rule aborts unfinished uploads after ${shortest} days, and a direct upload may take ${SESSION_DAYS}.`,
      LIFECYCLE_REMEDY,
    );
  });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('base64');
}
