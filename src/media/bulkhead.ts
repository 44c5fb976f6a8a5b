/**
 * Does some work for many items at once; when that fails, for one after the other, so that one bad item does not keep
 * the others from being done. `failed` is told of each item that the work fails for.
 * Returns how many items the work was done for.
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
      // Which item it was shows below.
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
