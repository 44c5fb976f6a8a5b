const OVERDUE = Symbol('overdue');

/**
 * Waits at most `ms` milliseconds for `work`. Work that takes longer is not stopped; if it rejects later, that is
 * ignored.
 * @param late Called when the time is over. `within` returns or throws what it returns or throws.
 * @throws The error with which `work` rejects in time.
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
