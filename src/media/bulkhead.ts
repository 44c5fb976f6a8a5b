/**
 * Calls `work` with all items at once. If that fails, calls it with each item alone, so that one bad item does not stop
 * the others. `failed` is called for each item for which the work failed.
 * Returns the number of items for which the work succeeded.
 */
export async function withBulkheads<T>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<void>,
  failed: (item: T, error: unknown) => Promise<void> | void,
): Promise<number> {
  if (items.length === 0) return 0;
  if (items.length > 1) {
    try {
      await work(items);
      return items.length;
    } catch {
      // The loop below finds out which items fail.
    }
  }
  let done = 0;
  for (const item of items) {
    try {
      await work([item]);
      done += 1;
    } catch (error) {
      await failed(item, error);
    }
  }
  return done;
}
