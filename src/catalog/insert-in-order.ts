import { recogniseDatabaseError } from '../database/database-errors.js';

/** A child that is being added to a parent. */
export interface NewChild {
  readonly insert: () => Promise<unknown>;
  /** Resolves with a truthy value when the child is in the database and not deleted. */
  readonly exists: () => Promise<unknown>;
  /** Removes the id of the child from the parent's list. */
  readonly leaveOrder: () => Promise<unknown>;
}

/**
 * Inserts a child whose id is already in the parent's list. If the database refuses the insert, removes the id from the
 * list. If the outcome is unknown, keeps the id, because the child may have been inserted.
 */
export async function insertInOrder({ insert, exists, leaveOrder }: NewChild): Promise<void> {
  try {
    await insert();
  } catch (error) {
    const isUnknown = recogniseDatabaseError(error)?.code === 'DATABASE_UNAVAILABLE';
    // An id without a child does no harm, because readers skip it. So only the error of the insert is reported.
    if (!isUnknown) await leaveUnlessThere(exists, leaveOrder).catch(() => undefined);
    throw error;
  }
}

/** Checks first whether the child exists: the driver may have repeated the insert, which then fails with a taken id. */
async function leaveUnlessThere(exists: NewChild['exists'], leaveOrder: NewChild['leaveOrder']): Promise<void> {
  if (!(await exists())) await leaveOrder();
}
