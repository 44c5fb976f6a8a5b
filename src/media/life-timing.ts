/** The times in the life of a file, all in milliseconds. */
export interface LifeTiming {
  /** How long a pending upload may make no progress before the sweeper gives it up. */
  readonly pendingDeadlineMs: number;
  /** The same for a direct upload that waits for its client. */
  readonly sessionDeadlineMs: number;
  /** How long the bytes of a replaced or removed file stay readable. */
  readonly replacedGraceMs: number;
  /**
   * LATE: a request to a store or a database arrives within this time after it was sent, or never. So an object that
   * was given up is deleted at once, and again after this time, because a PUT may have arrived meanwhile.
   */
  readonly lateMs: number;
}
