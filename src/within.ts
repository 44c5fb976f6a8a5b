const OVERDUE = Symbol('overdue');

/**
 * Waits at most `ms` milliseconds for `work`. Work that takes longer goes on by itself; whether it rejects later is
 * ignored.
 * @param late Called when the time is over. What it returns is returned, and what it throws is thrown.
 * @throws What `work` rejects with, when that happens in time.
 */
export async function within<T, L>(ms: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<typeof OVERDUE>((resolve) => {
    timer = setTimeout(resolve, ms, OVERDUE);
  });
  try {
    const first = await Promise.race([work, overdue]);
    return first === OVERDUE ? late() : first;
  } finally {
    clearTimeout(timer);
  }
}
