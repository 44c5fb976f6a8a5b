import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { examine, ok, problem, reasonOf, warning, type Diagnosis, type Outcome } from '../../diagnosis.js';
import { encodeKeyForUrl } from '../object-key.js';
import { deleteProbe, newProbeKey, PROBE, putProbe, readProbe } from '../probe.js';
import type { Storage } from '../storage.js';
import { checksumMode, corsRules, multipart } from './diagnose-uploads.js';
import { pathOf } from './presign.js';

export interface S3Patient {
  readonly storage: Storage;
  readonly client: S3Client;
  readonly bucket: string;
  /** The bucket as this server reaches it. */
  readonly bucketUrl: URL;
  /** The bucket as clients reach it. */
  readonly publicBucketUrl: URL;
  readonly hasPublicEndpoint: boolean;
}

/** Signature Version 4 allows 15 minutes; what is off by a minute goes on drifting. In milliseconds. */
const MAX_SKEW_MS = 15 * 60_000;
const NOTICEABLE_SKEW_MS = 60_000;

/** How long an answer to a plain request is waited for, in milliseconds. */
const FETCH_TIMEOUT_MS = 5_000;
/** How long the bucket's first answer is waited for, tries included, in milliseconds. */
const BUCKET_TIMEOUT_MS = 10_000;
/** How long the URL lives that is opened as clients do, in milliseconds. */
const URL_LIFETIME_MS = 5 * 60_000;

const POLICY_REMEDY = 'Compare the IAM policy of the key with the one in docs/S3_UPLOAD_SETUP.md.';
const ENDPOINT_REMEDY = 'Look at S3_ENDPOINT and AWS_REGION, and open the address from this machine.';
const TIME_REMEDY =
  'Run a time service: from 15 minutes on every request is refused, and with a slow clock URLs end too early.';

/** What each refusal of a bucket asks for. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const BUCKET_REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket, or correct S3_BUCKET_NAME.',
  InvalidAccessKeyId: 'Correct AWS_ACCESS_KEY_ID: the store does not know this key.',
  SignatureDoesNotMatch: 'Correct AWS_SECRET_ACCESS_KEY: it does not belong to AWS_ACCESS_KEY_ID.',
  ExpiredToken: 'Renew the temporary credentials, or use a role.',
  AccessDenied: POLICY_REMEDY,
  PermanentRedirect: "Set AWS_REGION to the bucket's region.",
  AuthorizationHeaderMalformed: "Set AWS_REGION to the bucket's region.",
  RequestTimeTooSkewed: TIME_REMEDY,
};

/** Everything that a bucket must be and do for Lectern, in the order in which one relies on the other. */
export async function* diagnoseS3(patient: S3Patient): AsyncGenerator<Diagnosis> {
  const { storage } = patient;
  const credentials = await examine(
    's3 credentials',
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.',
    () => credentialsOf(patient),
  );
  yield credentials;
  const clock = await compareClocks(patient);
  yield clock;
  // With a wrong clock the store refuses every signature: what follows would blame key and policy for it.
  if (credentials.status === 'problem' || clock.status === 'problem') return;
  const bucket = await examine('s3 bucket', ENDPOINT_REMEDY, () => bucketAnswers(patient));
  yield bucket;
  if (bucket.status === 'problem') return;

  const key = newProbeKey();
  const put = await examine('s3 put', POLICY_REMEDY, async () => {
    await putProbe(storage, key);
    return ok('An object was stored.');
  });
  yield put;
  if (put.status !== 'problem') {
    yield await examine('s3 get', POLICY_REMEDY, async () => {
      await readProbe(storage, key);
      return ok('It was read, and is what was stored.');
    });
    yield await examine('s3 signed url', POLICY_REMEDY, () => signedUrl(patient, key));
  }
  yield await examine('s3 privacy', ENDPOINT_REMEDY, () => privacy(patient, key));
  // Also when it was not stored: then its outcome may be unknown.
  yield await examine('s3 delete', POLICY_REMEDY, async () => {
    await deleteProbe(storage, key);
    return ok('It was deleted.');
  });
  yield await examine('s3 multipart', POLICY_REMEDY, () => multipart(patient, newProbeKey()));
  yield await examine('s3 cors', ENDPOINT_REMEDY, () => corsRules(patient));
  yield await examine('s3 checksums', 'Report this: it is a fault of Lectern.', () => checksumMode(patient, key));
}

async function credentialsOf({ client }: S3Patient): Promise<Outcome> {
  const { expiration } = await client.config.credentials();
  if (expiration === undefined) return ok('There are credentials, and they do not expire.');
  return ok(`There are temporary credentials, until ${expiration.toISOString()}. Signed URLs end with them.`);
}

/** Whether the clocks of this machine and of the store agree, so that signatures are valid for as long as they should be. */
export function compareClocks(patient: Pick<S3Patient, 'bucketUrl'>): Promise<Diagnosis> {
  return examine('s3 clock', ENDPOINT_REMEDY, () => clockSkew(patient));
}

/** By a request without a signature: whatever it is answered, the answer has a date. */
async function clockSkew({ bucketUrl }: Pick<S3Patient, 'bucketUrl'>): Promise<Outcome> {
  const before = Date.now();
  let date: number;
  try {
    date = Date.parse((await ask(bucketUrl.href, 'HEAD')).headers.get('date') ?? '');
  } catch (error) {
    return warning(`The clock could not be compared with the store's. ${reasonOf(error)}`, ENDPOINT_REMEDY);
  }
  if (Number.isNaN(date)) {
    return warning("The store sends no date, so the clock could not be compared with the store's.", TIME_REMEDY);
  }
  const skew = Math.abs((before + Date.now()) / 2 - date);
  const message = `The clock of this machine and that of the store differ by ${Math.round(skew / 1_000)} seconds.`;
  if (skew < NOTICEABLE_SKEW_MS) return ok(message);
  return skew < MAX_SKEW_MS ? warning(message, TIME_REMEDY) : problem(message, TIME_REMEDY);
}

/** A listing, not a HEAD: the answer to a HEAD cannot say why it is a refusal. */
async function bucketAnswers({ client, bucket }: S3Patient): Promise<Outcome> {
  const abortSignal = AbortSignal.timeout(BUCKET_TIMEOUT_MS);
  try {
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }), { abortSignal });
    return ok(`The bucket ${bucket} answers.`);
  } catch (error) {
    if (abortSignal.aborted) {
      return problem(
        `The bucket ${bucket} gave no answer within ${BUCKET_TIMEOUT_MS / 1_000} seconds.`,
        ENDPOINT_REMEDY,
      );
    }
    const remedy = error instanceof Error ? BUCKET_REMEDIES[error.name] : undefined;
    return problem(`The bucket ${bucket} cannot be used. ${reasonOf(error)}`, remedy ?? ENDPOINT_REMEDY);
  }
}

/** As anybody, without a signature, at every address of the bucket. */
async function privacy({ bucketUrl, publicBucketUrl }: S3Patient, key: string): Promise<Outcome> {
  const open = new Set<string>();
  for (const base of new Set([addressOf(bucketUrl), addressOf(publicBucketUrl)])) {
    const attempts = { read: `${base}/${encodeKeyForUrl(key)}`, list: `${base}/?list-type=2&max-keys=1` };
    for (const [verb, url] of Object.entries(attempts)) {
      // An address that cannot be reached lets nobody in; whether it should be reached is another check's business.
      const answer = await ask(url, 'GET').catch(() => undefined);
      if (answer?.ok) open.add(verb);
    }
  }
  if (open.size === 0) return ok('Without a signature it can be neither read nor listed.');
  return problem(
    `Anybody can ${[...open].sort().join(' and ')} what is in the bucket.`,
    'Block public access, and remove the policy or ACL that allows it (docs/S3_UPLOAD_SETUP.md).',
  );
}

/** A URL as clients get it. */
async function signedUrl(patient: S3Patient, key: string): Promise<Outcome> {
  const { storage, publicBucketUrl, hasPublicEndpoint } = patient;
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
    // Some networks do not let a server reach its own public address.
    if (hasPublicEndpoint)
      return warning(message, 'Open a file as a client does. If that fails too, correct S3_PUBLIC_ENDPOINT.');
    return problem(message, ENDPOINT_REMEDY);
  }
  if (response.ok && (await response.text()) === PROBE.body)
    return ok(`A signed URL at ${publicBucketUrl.origin} opens.`);
  return problem(
    `A signed URL at ${publicBucketUrl.origin} is answered with status ${response.status}.`,
    hasPublicEndpoint
      ? 'Correct S3_PUBLIC_ENDPOINT. A proxy there must hand on Host and path unchanged.'
      : POLICY_REMEDY,
  );
}

function addressOf(bucketUrl: URL): string {
  return `${bucketUrl.origin}${pathOf(bucketUrl)}`;
}

function ask(url: string, method: 'GET' | 'HEAD'): Promise<Response> {
  return fetch(url, { method, redirect: 'manual', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
}
