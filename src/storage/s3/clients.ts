import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { DEFAULT_TIMINGS, type Timings } from '../../timings.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Present for temporary credentials. */
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** The time-outs of requests to the store, in milliseconds. */
export type S3Timings = Pick<Timings, 's3Connect' | 's3Idle' | 's3GiveUp'> & Partial<Pick<Timings, 'doctorBucket'>>;

export interface S3ClientOptions {
  readonly region: string;
  /** `https://host[:port]` of an S3-compatible store, as this server reaches it. Absent: Amazon S3. */
  readonly endpoint?: string;
  /** True: URLs are `https://endpoint/bucket/key`. False: `https://bucket.endpoint/key`. */
  readonly forcePathStyle: boolean;
  /** Absent: the SDK's default provider chain (environment, profile, container or instance role). */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
  /** Absent: `DEFAULT_TIMINGS`. */
  readonly timings?: S3Timings;
}

/** How often a call is sent when the store refuses it or the connection breaks. */
const MAX_ATTEMPTS = 3;
/** How often a call is sent when it times out. One more attempt is worth it; a store that is down needs no third. */
const MAX_TIMED_OUT_ATTEMPTS = 2;

/** Open connections per client. Further requests wait for a free one. */
const MAX_SOCKETS = 100;
/** Open connections of the client for readiness checks. Checks are few and short. */
const MAX_CHECKING_SOCKETS = 4;

/**
 * The client for all calls but reading objects and readiness checks. Closes a connection that has been idle too long.
 */
export function makeClient(options: S3ClientOptions): S3Client {
  return limitTimeouts(new S3Client({ ...commonConfig(options), requestHandler: idleLimitedConnections(options) }));
}

/** The client for readiness checks: has connections of its own, so that it never waits for uploads and downloads. */
export function makeCheckingClient(options: S3ClientOptions, sibling: S3Client): S3Client {
  const requestHandler = idleLimitedConnections(options, MAX_CHECKING_SOCKETS);
  const { credentials } = sibling.config;
  return limitTimeouts(new S3Client({ ...commonConfig(options), credentials, requestHandler }));
}

/** Options of the request handler: a connection over which no byte moves for `s3Idle` milliseconds is closed. */
function idleLimitedConnections(
  options: S3ClientOptions,
  maxSockets = MAX_SOCKETS,
): NonNullable<S3ClientConfig['requestHandler']> {
  const { s3Connect, s3Idle } = options.timings ?? DEFAULT_TIMINGS;
  const agent = { keepAlive: true, maxSockets };
  return { connectionTimeout: s3Connect, socketTimeout: s3Idle, httpAgent: agent, httpsAgent: agent };
}

/**
 * The client for reading objects. The response must begin within `s3Idle` milliseconds. After that the connection may
 * be idle, because the reader may be slow; `object-body.ts` notices a store that stops sending while the reader waits.
 */
export function makeReadingClient(options: S3ClientOptions, sibling: S3Client): S3Client {
  const { s3Connect, s3Idle } = options.timings ?? DEFAULT_TIMINGS;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const client = new S3Client({
    ...commonConfig(options),
    // Both clients share one credentials provider, so that a role is fetched once.
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
  return limitTimeouts(client);
}

/**
 * Makes a call fail once MAX_TIMED_OUT_ATTEMPTS of its attempts have timed out. The SDK counts attempts whatever their
 * error is, so a dead store would cost three time-outs. The middleware runs inside the SDK's retries.
 */
function limitTimeouts(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => {
      let timedOutAttempts = 0;
      let timeout: Error | undefined;
      return async (attempt) => {
        if (timeout && timedOutAttempts >= MAX_TIMED_OUT_ATTEMPTS) throw timeout;
        try {
          return await next(attempt);
        } catch (error) {
          if (error instanceof Error && error.name === 'TimeoutError') {
            timedOutAttempts++;
            timeout = error;
          }
          throw error;
        }
      };
    },
    { step: 'finalizeRequest', priority: 'normal', name: 'limitTimeouts' },
  );
  return client;
}

function commonConfig(options: S3ClientOptions): S3ClientConfig {
  return {
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: MAX_ATTEMPTS,
    // The SDK's default, WHEN_SUPPORTED, adds CRC32 headers and trailers that many S3-compatible stores refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
}
