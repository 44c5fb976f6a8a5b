/**
 * How long the server waits for what it depends on, in milliseconds. These are no settings: an operator has no reason
 * to change them. Tests shorten them with `TIMINGS` (config/table.ts), so that they see the end of a wait soon.
 */
export const DEFAULT_TIMINGS = {
  /** A stopping server answers `/readyz` with 503 for at least this time before it closes its port. */
  stopNotice: 500,
  /** After the grace of a stop is over, running requests have this time to clean up. */
  stopCleanUp: 5_000,
  /** `/readyz` waits this time for the database and for the storage. Those who ask it wait seconds themselves. */
  readiness: 2_000,
  /** `/readyz` repeats its last answer for this time, so that strangers cannot keep the database busy. */
  readinessRepeated: 1_000,
  /** The answer to a request whose body is not read stays readable for this time before the socket is destroyed. */
  answerReadable: 1_000,
  /**
   * One database operation in all: finding a server, waiting for a connection, the answer, and every retry. A request
   * that meets a dead database needs two at most, the second to see what became of the first.
   * https://www.mongodb.com/docs/drivers/node/current/connect/connection-options/csot/
   */
  databaseOperation: 10_000,
  /** The part of `databaseOperation` in which the driver looks for a server that can take the operation. */
  databaseSelection: 5_000,
  /**
   * A new connection to the database, and the driver's own probe of the server. A probe that fails ends the connections
   * that have gone silent, so that none of them is used when the server is back.
   */
  databaseConnect: 5_000,
  /** A connection to the S3 store must stand after this time. */
  s3Connect: 3_000,
  /**
   * No byte has moved on a connection to the S3 store, or no answer has begun, for this time. A call ends about 16 s after
   * a store stopped answering: two attempts, each at most `s3Connect` until the SDK starts to watch the connection, and
   * then `s3Idle` without a byte. Giving an upload up takes at most twice `s3GiveUp` more, and clearing it away 3 s: 23 s
   * in all. A client is promised an answer within 30 s: the rest is for a busy machine.
   */
  s3Idle: 5_000,
  /** After an upload to S3 has failed: for the requests in flight, and then again for aborting the upload. */
  s3GiveUp: 2_000,
  /**
   * Of two requests that write the same part of a direct upload to the local storage, the first one is given up when it
   * has sent no byte for this time; else the second one is refused.
   */
  partSilence: 5_000,
  /** `lectern doctor` waits this time for the first answer of the bucket, with every attempt of the SDK. */
  doctorBucket: 10_000,
  /** A request waits this time for a deletion. After that the sweeper deletes the object. */
  deletion: 2_000,
  /**
   * After a deletion has failed, requests do not try to delete for this time, because each would wait in vain. Ends early
   * when a deletion succeeds.
   */
  deletionPause: 10_000,
  /** A failed request waits this time while its objects are discarded. */
  discard: 3_000,
  /** A request waits this time for the cascade of its deletion. After that the sweeper finishes it. */
  cascade: 2_000,
  /** Other servers cannot sweep for this time after a server died during a sweep. */
  sweepLease: 60_000,
  /** A stopping server waits this time for the current batch of a sweep. */
  sweepStop: 5_000,
  /** Other servers cannot rebuild records for this time after a server died while it rebuilt them. */
  rebuildLease: 60_000,
  /** Other servers cannot start for this time after a server died while it upgraded the journal of an earlier version. */
  upgradeLease: 60_000,
  /** A new migration has to wait this time after a killed one. A running one renews its lease five times in this time. */
  migrationLease: 5_000,
  /** `completeUpload` answers within this time. A longer completion continues in the background. */
  completionAnswer: 3_000,
  /** Other servers cannot continue a direct upload for this time after a server died while it completed it. */
  completionLease: 30_000,
  /** How often a server looks for completions whose server has died. Together with the lease: less than a minute. */
  completionRelief: 15_000,
} as const;

export type TimingName = keyof typeof DEFAULT_TIMINGS;
export type Timings = Readonly<Record<TimingName, number>>;

export const TIMING_NAMES = Object.keys(DEFAULT_TIMINGS) as readonly TimingName[];
