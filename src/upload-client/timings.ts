/** How long the client waits for what. Times are in milliseconds. */
export interface Timings {
  /** A part or a call without any progress for so long is given up and sent again. */
  readonly stall: number;
  /** The longest wait before the first retry; it doubles with each failure up to `longestRetry`. */
  readonly firstRetry: number;
  readonly longestRetry: number;
  /** How many failures in a row of the same call or part end the upload. By the waits above: some ten minutes. */
  readonly failuresInARow: number;
  /** The same when the server answers but no part of the upload has ever reached the storage. Some 45 seconds. */
  readonly failuresOfFirstParts: number;
  /** The wait between two questions whether the server has finished its checks: it grows from one to the other. */
  readonly firstPoll: number;
  readonly longestPoll: number;
  /** How long a signed part is used. The server signs for 15 minutes, less when its own credentials end sooner. */
  readonly signatureAge: number;
  /** The shortest time between two calls of `onProgress`. */
  readonly progress: number;
}

export const TIMINGS: Timings = {
  stall: 30_000,
  firstRetry: 500,
  longestRetry: 30_000,
  failuresInARow: 30,
  failuresOfFirstParts: 9,
  firstPoll: 500,
  longestPoll: 5_000,
  signatureAge: 300_000,
  progress: 100,
};
