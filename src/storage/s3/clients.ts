import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { DEFAULT_TIMINGS, type Timings } from '../../timings.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials have one. */
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** How long calls to the store wait. */
export type S3Timings = Pick<Timings, 's3Connect' | 's3Idle' | 's3GiveUp'>;

export interface S3ClientOptions {
  readonly region: string;
  /** `https://host[:port]` of an S3-compatible store, as the server reaches it. Absent: Amazon's. */
  readonly endpoint?: string;
  /** `https://endpoint/bucket/key` instead of `https://bucket.endpoint/key`. */
  readonly forcePathStyle: boolean;
  /** Absent: the SDK's default chain (environment, profile, container or instance role). */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
  /** Absent: the defaults. */
  readonly timings?: S3Timings;
}

/** Of a call that the store refuses, or whose connection breaks. */
const MAX_ATTEMPTS = 3;
/** Attempts of one call that may end in silence: a lost connection is worth a second one, a dead store no third. */
const MAX_SILENT_ATTEMPTS = 2;

/** Connections a client may hold at once. More requests wait for one. */
const MAX_SOCKETS = 100;
/** The same for readiness checks: balancers ask one after the other, and each question is short. */
const MAX_CHECKING_SOCKETS = 4;

/** For everything but reading objects and readiness: a connection on which nothing moves is given up. */
export function makeClient(options: S3ClientOptions): S3Client {
  return boundSilence(new S3Client({ ...commonConfig(options), requestHandler: movingConnections(options) }));
}

/** For readiness checks alone: however busy the other clients are, it has a connection. */
export function makeCheckingClient(options: S3ClientOptions, sibling: S3Client): S3Client {
  const requestHandler = movingConnections(options, MAX_CHECKING_SOCKETS);
  const { credentials } = sibling.config;
  return boundSilence(new S3Client({ ...commonConfig(options), credentials, requestHandler }));
}

function movingConnections(
  options: S3ClientOptions,
  maxSockets = MAX_SOCKETS,
): NonNullable<S3ClientConfig['requestHandler']> {
  const { s3Connect, s3Idle } = options.timings ?? DEFAULT_TIMINGS;
  const agent = { keepAlive: true, maxSockets };
  return { connectionTimeout: s3Connect, socketTimeout: s3Idle, httpAgent: agent, httpsAgent: agent };
}

/**
 * For reading objects. The answer must begin in time, but then the connection may rest, since the reader may be slow. A
 * store that goes silent while the reader waits is noticed by `object-body.ts`.
 */
export function makeReadingClient(options: S3ClientOptions, sibling: S3Client): S3Client {
  const { s3Connect, s3Idle } = options.timings ?? DEFAULT_TIMINGS;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const client = new S3Client({
    ...commonConfig(options),
    // One chain of credentials for both: roles are asked once.
    credentials: sibling.config.credentials,
    requestHandler: {
      connectionTimeout: s3Connect,
      requestTimeout: s3Idle,
      throwOnRequestTimeout: true,
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return boundSilence(client);
}

/** The SDK counts attempts, not time. Behind its retries: once a call has met silence often enough it ends with that. */
function boundSilence(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => {
      let silentAttempts = 0;
      let silence: Error | undefined;
      return async (attempt) => {
        if (silence && silentAttempts >= MAX_SILENT_ATTEMPTS) throw silence;
        try {
          return await next(attempt);
        } catch (error) {
          if (error instanceof Error && error.name === 'TimeoutError') {
            silentAttempts++;
            silence = error;
          }
          throw error;
        }
      };
    },
    { step: 'finalizeRequest', priority: 'normal', name: 'boundSilence' },
  );
  return client;
}

function commonConfig(options: S3ClientOptions): S3ClientConfig {
  return {
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: MAX_ATTEMPTS,
    // The default, WHEN_SUPPORTED, adds CRC32 headers and trailers that many S3-compatible stores refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
}
