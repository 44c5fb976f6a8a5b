import { LecternError } from '../errors.js';

/** The ids that a client sent are not those of the present list. */
function stale(): LecternError {
  const message = 'The list does not consist of these ids. Read it again, and send each of its ids once.';
  return new LecternError('CONFLICT', message);
}

/**
 * Returns the new order of a parent's children. Ids of the present order without a living child go to the end: one may
 * belong to a child that is being created.
 * Throws BAD_USER_INPUT when an id occurs twice, and CONFLICT when the ids are not those of the living children.
 * @param wanted The order that the client asks for.
 * @param argument The name of the GraphQL argument, for the error.
 */
export function reordered(
  present: readonly string[],
  living: readonly string[],
  wanted: readonly string[],
  argument: string,
): string[] {
  const wantedIds = new Set(wanted);
  if (wantedIds.size !== wanted.length) {
    throw new LecternError('BAD_USER_INPUT', 'An id occurs twice.', { fields: [argument] });
  }
  if (living.length !== wanted.length || living.some((id) => !wantedIds.has(id))) throw stale();
  return [...wanted, ...present.filter((id) => !wantedIds.has(id))];
}

/** Throws CONFLICT when the update of the order matched no record: another request has changed the order. */
export function requireReordered(matchedCount: number): void {
  if (matchedCount === 0) throw stale();
}
