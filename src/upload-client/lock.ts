/**
 * Does work that one tab at a time may do, by the Web Locks of the browser. Waits while another tab has the lock. Closing a
 * tab releases its lock. Without Web Locks (Node 20, pages not loaded over HTTPS) the work is done at once.
 *
 * @param onWait Called when another tab has the lock.
 * @param work Takes whether the lock had to be waited for.
 */
export async function withLock<T>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  work: (waited: boolean) => Promise<T>,
): Promise<T> {
  const locks = typeof navigator === 'undefined' ? undefined : (navigator as { locks?: LockManager }).locks;
  if (locks === undefined) return work(false);
  const atOnce = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock === null ? null : { value: await work(false) },
  );
  if (atOnce !== null) return atOnce.value;
  onWait();
  return locks.request(name, { signal }, () => work(true));
}
