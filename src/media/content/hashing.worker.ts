import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

/** Bytes in the ring that belong to one stream, or the end of a stream. In the order in which they are to be hashed. */
export type HashingStep =
  | { readonly type: 'bytes'; readonly stream: number; readonly from: number; to: number }
  | { readonly type: 'end'; readonly stream: number }
  | { readonly type: 'forget'; readonly stream: number };

/** What the thread has done: how many bytes of the ring it has read, and the SHA-256 of each stream that has ended, in lower-case hex. */
export interface HashingAnswer {
  readonly bytes: number;
  readonly ended: readonly { readonly stream: number; readonly sha256: string }[];
}

const ring = new Uint8Array((workerData as { readonly ring: SharedArrayBuffer }).ring);
const hashes = new Map<number, Hash>();

parentPort?.on('message', (steps: readonly HashingStep[]) => {
  let bytes = 0;
  const ended: { stream: number; sha256: string }[] = [];
  for (const step of steps) {
    if (step.type === 'bytes') {
      hashOf(step.stream).update(ring.subarray(step.from, step.to));
      bytes += step.to - step.from;
      continue;
    }
    if (step.type === 'end') ended.push({ stream: step.stream, sha256: hashOf(step.stream).digest('hex') });
    hashes.delete(step.stream);
  }
  parentPort?.postMessage({ bytes, ended } satisfies HashingAnswer);
});

function hashOf(stream: number): Hash {
  const known = hashes.get(stream);
  if (known) return known;
  const hash = createHash('sha256');
  hashes.set(stream, hash);
  return hash;
}
