import { LecternError } from '../errors.js';

/** What a client gave is not the list that there is now. */
function stale(): LecternError {
  return new LecternError('CONFLICT', 'The list has changed meanwhile. Read it again and give every id of it once.');
}

/**
 * A new order of children. `wanted` must name every living child exactly once. Ids in the present order that have no
 * living child stay at the end: one of them may belong to a child that is just being made.
 */
export function reordered(
  present: readonly string[],
  living: readonly string[],
  wanted: readonly string[],
  argument: string,
): string[] {
  const wantedIds = new Set(wanted);
  if (wantedIds.size !== wanted.length) {
    throw new LecternError('BAD_USER_INPUT', 'An id is given twice.', { fields: [argument] });
  }
  if (living.length !== wanted.length || living.some((id) => !wantedIds.has(id))) throw stale();
  return [...wanted, ...present.filter((id) => !wantedIds.has(id))];
}

/** The list as it was read must be the list as it is replaced. */
export function requireReordered(matchedCount: number): void {
  if (matchedCount === 0) throw stale();
}
