import type { Inspection } from './inspect.worker.js';

/** How long one file may take, in milliseconds. A file in a cloud folder may have to be downloaded first. */
const DEADLINE = 10_000;

let worker: Worker | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Looks into a media file: at its head and its index, not at its pictures and sounds. One file after the other, in a
 * worker, so that no damaged file stops the page.
 * @returns Null when nothing was found out in time.
 */
export function inspect(file: Blob): Promise<Inspection | null> {
  const found = last.then(() => inspectNext(file));
  last = found;
  return found;
}

function inspectNext(file: Blob): Promise<Inspection | null> {
  const running = (worker ??= new Worker(new URL('./inspect.worker.ts', import.meta.url), { type: 'module' }));
  const over = new AbortController();
  const { signal } = over;
  return new Promise<Inspection | null>((resolve) => {
    const giveUp = (): void => {
      running.terminate();
      worker = undefined;
      resolve(null);
    };
    const deadline = setTimeout(giveUp, DEADLINE);
    signal.addEventListener('abort', () => clearTimeout(deadline));
    running.addEventListener('message', ({ data }: MessageEvent<Inspection | null>) => resolve(data), { signal });
    running.addEventListener('error', giveUp, { signal });
    running.postMessage(file);
  }).finally(() => over.abort());
}
