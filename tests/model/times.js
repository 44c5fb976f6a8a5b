/** The times of the model, in milliseconds. */

/**
 * No multiple of a second, unlike all other times: so a released entry that only waits for what is on its way (its `due`
 * is not a multiple of a second either) can be told from one whose bytes were promised until its `due`.
 */
export const LATE_MS = 60_007;
export const PENDING_MS = 900_000;
/** Of a completion. Nobody renews it, so a tick of a minute ends it. */
export const LEASE_MS = 30_000;
/** One tick is more than LATE; the other more than a pending deadline and LATE. */
export const TICKS_MS = [61_000, PENDING_MS + 61_000];
export const DAY_MS = 86_400_000;

/** Whether the bytes of a released entry were promised until its `due`. */
export const isPromised = ({ due }) => due.getTime() % 1_000 === 0;
