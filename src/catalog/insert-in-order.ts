import { recogniseDatabaseError } from '../database/database-errors.js';

/** A child that is being added to a parent. */
export interface NewChild {
  readonly insert: () => Promise<unknown>;
  /** Whether the child is in the database and not deleted. */
  readonly exists: () => Promise<unknown>;
  /** Takes the id of the child out of the parent's order. */
  readonly leaveOrder: () => Promise<unknown>;
}

/**
 * Inserts a child whose id is already in the order that its parent keeps. When the database refuses the child, its id is
 * taken out again. When nobody knows whether it was inserted, the id stays: the child may be there.
 */
export async function insertInOrder({ insert, exists, leaveOrder }: NewChild): Promise<void> {
  try {
    await insert();
  } catch (error) {
    const isUnknown = recogniseDatabaseError(error)?.code === 'DATABASE_UNAVAILABLE';
    // An id without a child is skipped by every reader, so the first error is the one to report.
    if (!isUnknown) await leaveUnlessThere(exists, leaveOrder).catch(() => undefined);
    throw error;
  }
}

/** A taken id can be the child itself: the driver may have sent the insertion twice. */
async function leaveUnlessThere(exists: NewChild['exists'], leaveOrder: NewChild['leaveOrder']): Promise<void> {
  if (!(await exists())) await leaveOrder();
}
