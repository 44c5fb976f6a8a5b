import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Milliseconds that the work below takes on the machine that deadlines are written for, when it does nothing else. */
const REFERENCE_MS = 180;
/** Reads and writes JSON, which is much of what the tests and the server do. */
const WORK = `
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ i, name: 'x'.repeat(i % 50), list: [i, i / 3] }));
  const text = JSON.stringify(rows);
  const began = performance.now();
  for (let i = 0; i < 250; i++) JSON.stringify(JSON.parse(text));
  require('node:worker_threads').parentPort.postMessage(performance.now() - began);
`;

/**
 * By how much the deadlines of the tests are longer on this machine, with what else it is doing now: at least 1.
 * Measured once for a run, on two cores at the same time, as the tests use them.
 */
export async function measureSlowness(): Promise<number> {
  const threads = Array.from({ length: Math.min(2, availableParallelism()) }, millisecondsOfWork);
  const slowest = Math.max(...(await Promise.all(threads)));
  return Math.max(1, slowest / REFERENCE_MS);
}

function millisecondsOfWork(): Promise<number> {
  return new Promise((resolve, reject) => {
    new Worker(WORK, { eval: true }).once('message', resolve).once('error', reject);
  });
}
