import type { Timings } from './timings.js';

/**
 * How long to wait after so many failures in a row, in milliseconds: a random time between half and the whole of what
 * doubles with each failure. Random, so that clients that failed together do not come back together.
 */
export function backOff(
  failures: number,
  { firstRetry, longestRetry }: Pick<Timings, 'firstRetry' | 'longestRetry'>,
  random: () => number = Math.random,
): number {
  const longest = Math.min(longestRetry, firstRetry * 2 ** (failures - 1));
  return (longest / 2) * (1 + random());
}

/** Resolves after a time, and at once when the network returns. Rejects with the reason of the signal. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      network()?.removeEventListener('online', succeed);
    };
    const succeed = (): void => {
      end();
      resolve();
    };
    const giveUp = (): void => {
      end();
      reject(signal.reason as Error);
    };
    const timer = setTimeout(succeed, ms);
    signal.addEventListener('abort', giveUp);
    network()?.addEventListener('online', succeed);
  });
}

/** Whether the browser knows that there is no network. Node does not know. */
export function isOffline(): boolean {
  return typeof navigator !== 'undefined' && (navigator as { onLine?: boolean }).onLine === false;
}

/** Resolves as soon as the browser has a network. Rejects with the reason of the signal. */
export async function untilOnline(signal: AbortSignal): Promise<void> {
  while (isOffline()) await wait(ONLINE_CHECK, signal);
}

/** Some browsers forget the event after a sleep, so `navigator.onLine` is read again after so many milliseconds. */
const ONLINE_CHECK = 10_000;

/** Where `online` is announced: the window or the worker. Undefined in Node. */
function network(): EventTarget | undefined {
  return typeof addEventListener === 'function' ? globalThis : undefined;
}
