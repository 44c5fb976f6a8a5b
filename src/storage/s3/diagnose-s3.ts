import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { examine, ok, problem, reasonOf, warning, type Diagnosis, type Outcome } from '../../diagnosis.js';
import { encodeKeyForUrl } from '../object-key.js';
import { ask } from './ask.js';
import { deleteProbe, newProbeKey, PROBE, putProbe, readProbe } from '../probe.js';
import type { Timings } from '../../timings.js';
import type { Storage } from '../storage.js';
import { directUpload, lifecycleRule, preflight } from './diagnose-direct.js';
import { checksumMode, corsRules, multipart } from './diagnose-uploads.js';
import { pathOf } from './presign.js';

/** What the checks need to know about the bucket. */
export interface ExaminedBucket {
  readonly storage: Storage;
  readonly client: S3Client;
  readonly bucket: string;
  /** The bucket's URL as this server reaches it. */
  readonly bucketUrl: URL;
  /** The bucket's URL as clients reach it. */
  readonly publicBucketUrl: URL;
  /** True when S3_PUBLIC_ENDPOINT is set. */
  readonly hasPublicEndpoint: boolean;
  readonly timings: Pick<Timings, 'doctorBucket'>;
  /** An origin whose pages send parts of direct uploads. Absent when the configuration names none. */
  readonly origin?: string;
}

/** The largest difference of clocks that Signature Version 4 allows, in milliseconds. */
const MAX_SKEW_MS = 15 * 60_000;
/** From this difference of clocks on there is a warning, in milliseconds: it will probably grow. */
const NOTICEABLE_SKEW_MS = 60_000;

/** The lifetime of the signed URL that is tried, in milliseconds. */
const URL_LIFETIME_MS = 5 * 60_000;

const POLICY_REMEDY = 'Compare the IAM policy of the key with the one in docs/S3_UPLOAD_SETUP.md.';
const ENDPOINT_REMEDY = 'Check S3_ENDPOINT and AWS_REGION, and open the address from this machine.';
const TIME_REMEDY =
  'Run a time service (NTP). With a slow clock URLs expire too early; from 15 minutes on every request is refused.';

/** The remedy for each error code. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const BUCKET_REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Create the bucket, or correct S3_BUCKET_NAME.',
  InvalidAccessKeyId: 'Correct AWS_ACCESS_KEY_ID: the store does not know this key.',
  SignatureDoesNotMatch: 'Correct AWS_SECRET_ACCESS_KEY: it does not belong to AWS_ACCESS_KEY_ID.',
  ExpiredToken: 'Renew the temporary credentials, or use a role.',
  AccessDenied: POLICY_REMEDY,
  PermanentRedirect: "Set AWS_REGION to the bucket's region.",
  AuthorizationHeaderMalformed: "Set AWS_REGION to the bucket's region.",
  RequestTimeTooSkewed: TIME_REMEDY,
};

/**
 * Checks everything that Lectern needs of a bucket. Each check relies on the ones before it, so when one of the first
 * three finds a problem, the others are left out.
 */
export async function* diagnoseS3(bucket: ExaminedBucket): AsyncGenerator<Diagnosis> {
  const { storage } = bucket;
  const credentials = await examine(
    's3 credentials',
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.',
    () => credentialsOf(bucket),
  );
  yield credentials;
  const clock = await compareClocks(bucket);
  yield clock;
  // With a wrong clock the store refuses every signature, and the next checks would blame the key and the policy.
  if (credentials.status === 'problem' || clock.status === 'problem') return;
  const access = await examine('s3 bucket', ENDPOINT_REMEDY, () => bucketAnswers(bucket));
  yield access;
  if (access.status === 'problem') return;

  const key = newProbeKey();
  const put = await examine('s3 put', POLICY_REMEDY, async () => {
    await putProbe(storage, key);
    return ok('An object was stored.');
  });
  yield put;
  if (put.status !== 'problem') {
    yield await examine('s3 get', POLICY_REMEDY, async () => {
      await readProbe(storage, key);
      return ok('The object was read, and its bytes are those that were stored.');
    });
    yield await examine('s3 signed url', POLICY_REMEDY, () => signedUrl(bucket, key));
  }
  yield await examine('s3 privacy', ENDPOINT_REMEDY, () => privacy(bucket, key));
  // Even when storing it failed: the object may exist nevertheless.
  yield await examine('s3 delete', POLICY_REMEDY, async () => {
    await deleteProbe(storage, key);
    return ok('The object was deleted.');
  });
  const parts = await examine('s3 multipart', POLICY_REMEDY, () => multipart(bucket, newProbeKey()));
  yield parts;
  if (parts.status !== 'problem') {
    yield await examine('s3 direct upload', POLICY_REMEDY, () => directUpload(bucket, newProbeKey()));
  }
  yield await examine('s3 cors', ENDPOINT_REMEDY, () => corsRules(bucket));
  yield await examine('s3 preflight', ENDPOINT_REMEDY, () => preflight(bucket));
  yield await examine('s3 lifecycle', ENDPOINT_REMEDY, () => lifecycleRule(bucket));
  yield await examine('s3 checksums', 'Report this: it is a defect of Lectern.', () => checksumMode(bucket, key));
}

async function credentialsOf({ client }: ExaminedBucket): Promise<Outcome> {
  const { expiration } = await client.config.credentials();
  if (expiration === undefined) return ok('There are credentials, and they do not expire.');
  return ok(`The credentials are temporary: they, and URLs signed with them, expire at ${expiration.toISOString()}.`);
}

/** Compares the clocks of this machine and of the store. Signatures contain the time, so both have to agree. */
export function compareClocks(bucket: Pick<ExaminedBucket, 'bucketUrl'>): Promise<Diagnosis> {
  return examine('s3 clock', ENDPOINT_REMEDY, () => clockSkew(bucket));
}

/** Sends a request without a signature: even a refusal has a Date header. */
async function clockSkew({ bucketUrl }: Pick<ExaminedBucket, 'bucketUrl'>): Promise<Outcome> {
  const before = Date.now();
  let date: number;
  try {
    date = Date.parse((await ask(bucketUrl.href, 'HEAD')).headers.get('date') ?? '');
  } catch (error) {
    return warning(
      `The clocks of this machine and the store could not be compared. ${reasonOf(error)}`,
      ENDPOINT_REMEDY,
    );
  }
  if (Number.isNaN(date)) {
    return warning('The store sends no Date header: the clocks could not be compared.', TIME_REMEDY);
  }
  const skew = Math.abs((before + Date.now()) / 2 - date);
  const message = `The clocks of this machine and the store differ by ${Math.round(skew / 1_000)} seconds.`;
  if (skew < NOTICEABLE_SKEW_MS) return ok(message);
  return skew < MAX_SKEW_MS ? warning(message, TIME_REMEDY) : problem(message, TIME_REMEDY);
}

/**
 * Lists the bucket instead of sending a HEAD, because the response to a HEAD has no body that says why it was refused.
 */
async function bucketAnswers({ client, bucket, timings }: ExaminedBucket): Promise<Outcome> {
  const abortSignal = AbortSignal.timeout(timings.doctorBucket);
  try {
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }), { abortSignal });
    return ok(`The bucket ${bucket} can be listed.`);
  } catch (error) {
    if (abortSignal.aborted) {
      return problem(
        `The bucket ${bucket} did not answer within ${timings.doctorBucket / 1_000} seconds.`,
        ENDPOINT_REMEDY,
      );
    }
    const remedy = error instanceof Error ? BUCKET_REMEDIES[error.name] : undefined;
    return problem(`The bucket ${bucket} cannot be used. ${reasonOf(error)}`, remedy ?? ENDPOINT_REMEDY);
  }
}

/** Tries to read and to list without a signature, at both addresses of the bucket. */
async function privacy({ bucketUrl, publicBucketUrl }: ExaminedBucket, key: string): Promise<Outcome> {
  const open = new Set<string>();
  for (const base of new Set([addressOf(bucketUrl), addressOf(publicBucketUrl)])) {
    const attempts = { read: `${base}/${encodeKeyForUrl(key)}`, list: `${base}/?list-type=2&max-keys=1` };
    for (const [verb, url] of Object.entries(attempts)) {
      // Nobody can read at an address that cannot be reached. Another check tells whether it should be.
      const answer = await ask(url, 'GET').catch(() => undefined);
      if (answer?.ok) open.add(verb);
    }
  }
  if (open.size === 0) return ok('Without a signature, objects can be neither read nor listed.');
  return problem(
    `Anybody can ${[...open].sort().join(' and ')} the objects of the bucket.`,
    'Block public access, and remove the policy or ACL that allows it (docs/S3_UPLOAD_SETUP.md).',
  );
}

/** Opens a signed URL as a client does. */
async function signedUrl(bucket: ExaminedBucket, key: string): Promise<Outcome> {
  const { storage, publicBucketUrl, hasPublicEndpoint } = bucket;
  const signedAt = new Date();
  const { url } = await storage.signGet(key, {
    signedAt,
    expiresAt: new Date(signedAt.getTime() + URL_LIFETIME_MS),
    disposition: 'inline',
    contentType: PROBE.contentType,
  });
  let response: Response;
  try {
    response = await ask(url, 'GET');
  } catch (error) {
    const message = `A signed URL at ${publicBucketUrl.origin} could not be opened from here. ${reasonOf(error)}`;
    // Only a warning: in some networks a server cannot reach its own public address.
    if (hasPublicEndpoint)
      return warning(message, 'Open a file as a client does. If that fails too, correct S3_PUBLIC_ENDPOINT.');
    return problem(message, ENDPOINT_REMEDY);
  }
  if (response.ok && (await response.text()) === PROBE.body)
    return ok(`A signed URL at ${publicBucketUrl.origin} could be opened.`);
  return problem(
    `A signed URL at ${publicBucketUrl.origin} was answered with status ${response.status}.`,
    hasPublicEndpoint
      ? 'Correct S3_PUBLIC_ENDPOINT. A proxy there must forward Host and path unchanged.'
      : POLICY_REMEDY,
  );
}

function addressOf(bucketUrl: URL): string {
  return `${bucketUrl.origin}${pathOf(bucketUrl)}`;
}
