/** The times that the life of a file depends on, all in milliseconds. */
export interface LifeTiming {
  /** For how long a pending upload may show no sign of life before the sweeper takes it up. */
  readonly pendingDeadlineMs: number;
  /** For how long the bytes of a replaced or removed file can still be read. */
  readonly replacedGraceMs: number;
  /**
   * LATE: a request to a store or a database that was sent has arrived by then, or never will. What was given up is
   * deleted at once, and once more after this time, for what was still on its way.
   */
  readonly lateMs: number;
}
