/**
 * Waits for work that never rejects, but only so many milliseconds: it goes on by itself, and nobody who has an answer
 * to give is kept from giving it. True when it ended in time.
 */
export async function endedWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
